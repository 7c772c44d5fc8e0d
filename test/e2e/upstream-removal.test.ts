/** `onUpstreamRemoval`: what happens to agents that upstream no longer lists. */
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SyncReport } from "../../src/mirror/run-report.ts";
import type { StatusDocument } from "../../src/mirror/status-document.ts";
import { airGap, type ImportedDocument } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { agedTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const AGENT = "3.6.1-ubuntu-amd64";
const NO_GRACE = { retention: { snapshots: 1, age: "PT0S", grace: "PT0S", maxRemoval: "100%" } };

const full = await agedTree(["3.6.1", "3.6.2"], 5);
const later = await agedTree(["3.6.2", "3.6.3"], 3);
const again = await agedTree(["3.6.1", "3.6.2", "3.6.3"], 1);

async function json<T>(mirror: TestMirror, ...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await mirror.here(...args, "-o", "json");
  expect({ args, status, stderr: status === 0 ? "" : stderr }).toEqual({ args, status: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

const listed = async (mirror: TestMirror) =>
  (await json<{ agents: { version: string }[] }>(mirror, "list")).agents.map(({ version }) => version).sort();

async function shaOf(mirror: TestMirror, version: string): Promise<string> {
  const { agents } = await json<{ agents: { version: string; sha256: string }[] }>(mirror, "list", version);
  return agents[0]?.sha256 ?? "";
}

function blobOf({ data }: TestMirror, sha256: string): string {
  return join(data, "blobs/sha256", sha256.slice(0, 2), sha256);
}

function isHeld(mirror: TestMirror, sha256: string): Promise<boolean> {
  return access(blobOf(mirror, sha256)).then(
    () => true,
    () => false,
  );
}

test("`remove`, the default: it leaves the list at once, and the disk with retention", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using mirror = await temporaryMirror(upstream, NO_GRACE);
  await mirror.sync();
  const sha256 = await shaOf(mirror, "3.6.1");
  upstream.publish(later);
  const report = await json<SyncReport>(mirror, "sync");
  expect(report).toMatchObject({
    removed: [AGENT],
    removals: [{ agent: AGENT, reason: "gone upstream", detail: "upstream no longer lists it" }],
  });
  expect(report.goneUpstream).toBeUndefined();
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
  await json(mirror, "prune");
  expect(await isHeld(mirror, sha256)).toBe(false);
});

test("`keep`: it stays listed with its proof, is reported by sync and status, and leaves by `deny`", async () => {
  await using upstream = await startUpstream({ tree: full });
  // The only two agents but one vanish: with `keep` nothing is lost, so nothing is refused.
  await using mirror = await temporaryMirror(upstream, { onUpstreamRemoval: "keep", ...NO_GRACE });
  await mirror.sync();
  const sha256 = await shaOf(mirror, "3.6.1");
  upstream.publish(later);
  const report = await json<SyncReport>(mirror, "sync");
  expect(report).toMatchObject({
    outcome: "updated",
    removed: [],
    goneUpstream: [{ agent: AGENT, since: expect.any(String), listed: true }],
    warnings: ["Upstream no longer lists 3.6.1: kept and listed (onUpstreamRemoval: keep)."],
  });
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2", "3.6.3"]);
  expect((await mirror.published()).agents).toContain(AGENT);
  const status = await json<StatusDocument>(mirror, "status");
  expect(status.goneUpstream).toEqual(report.goneUpstream);
  expect((await mirror.here("status")).stdout).toContain(
    `withdrawn by upstream, kept and listed: ${AGENT}\n`,
  );

  const text = (await mirror.here("sync")).stdout;
  expect(text).toContain("withdrawn by upstream: 1 agent kept and listed");
  expect(text).not.toContain("warning");
  for (let round = 0; round < 2; round += 1) {
    const next = await json<SyncReport>(mirror, "sync");
    expect(next).toMatchObject({ outcome: "unchanged", warnings: [], goneUpstream: report.goneUpstream });
  }
  expect(await mirror.here("verify")).toMatchObject({ status: 0 });
  const signed = await readFile(join(mirror.data, "tools/streams/v1/index2.json"), "utf8");
  expect(signed).toContain("agents");

  await mirror.configure({ deny: [{ version: "3.6.1" }] });
  expect(await json<SyncReport>(mirror, "sync")).toMatchObject({
    removed: [AGENT],
    removals: [{ reason: "denied" }],
  });
  expect((await json<StatusDocument>(mirror, "status")).goneUpstream).toBeUndefined();
  expect(await isHeld(mirror, sha256)).toBe(false);
});

test("`unlist`: the tarball stays without being listed, through prune, and comes back by `keep` or with upstream", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using mirror = await temporaryMirror(upstream, { onUpstreamRemoval: "unlist", ...NO_GRACE });
  await mirror.sync();
  const sha256 = await shaOf(mirror, "3.6.1");
  upstream.publish(later);
  expect(await json<SyncReport>(mirror, "sync")).toMatchObject({
    removed: [AGENT],
    removals: [{ reason: "gone upstream", detail: "upstream no longer lists it; its tarball is kept" }],
    goneUpstream: [{ agent: AGENT, listed: false }],
  });
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
  await json(mirror, "prune");
  expect(await json<SyncReport>(mirror, "sync")).toMatchObject({ outcome: "unchanged" });
  expect(await isHeld(mirror, sha256)).toBe(true);
  const verified = await mirror.here("verify");
  expect(verified, verified.stdout).toMatchObject({ status: 0 });
  expect(verified.stdout).not.toContain("extra");
  expect((await mirror.here("status")).stdout).toContain(
    `withdrawn by upstream, kept, not listed: ${AGENT}\n`,
  );

  await mirror.configure({ onUpstreamRemoval: "keep" });
  expect(await json<SyncReport>(mirror, "sync")).toMatchObject({
    added: [AGENT],
    fetched: { agents: 0 },
    goneUpstream: [{ agent: AGENT, listed: true }],
  });
  // Upstream's documents of that time prove it.
  expect(await mirror.here("verify")).toMatchObject({ status: 0 });
  const bundle = await mirror.here("bundle", "create", "--to", "medium", "--unsigned");
  expect(bundle, bundle.stderr).toMatchObject({ status: 0 });

  await mirror.configure({ onUpstreamRemoval: "unlist" });
  await json(mirror, "sync");
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
  upstream.publish(again);
  const back = await json<SyncReport>(mirror, "sync");
  expect(back).toMatchObject({ added: [AGENT], fetched: { agents: 0 } });
  expect(back.goneUpstream).toBeUndefined();
});

test("back to `remove`: what stayed until then leaves the list and the disk", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using mirror = await temporaryMirror(upstream, { onUpstreamRemoval: "unlist", ...NO_GRACE });
  await mirror.sync();
  const sha256 = await shaOf(mirror, "3.6.1");
  upstream.publish(later);
  await json(mirror, "sync");
  await mirror.configure({ onUpstreamRemoval: "remove" });
  expect(await json<SyncReport>(mirror, "sync")).toMatchObject({ outcome: "unchanged", removed: [] });
  // The snapshot that listed it is gone, and so is its grace: nothing else keeps the tarball.
  expect(await isHeld(mirror, sha256)).toBe(false);
  expect((await json<StatusDocument>(mirror, "status")).goneUpstream).toBeUndefined();
});

test("back to `remove`: within the grace of the snapshot that listed it, it stays", async () => {
  await using upstream = await startUpstream({ tree: full });
  const retention = { ...NO_GRACE.retention, grace: "PT1H" };
  await using mirror = await temporaryMirror(upstream, { onUpstreamRemoval: "unlist", retention });
  await mirror.sync();
  const sha256 = await shaOf(mirror, "3.6.1");
  upstream.publish(later);
  await json(mirror, "sync");
  await mirror.configure({ onUpstreamRemoval: "remove" });
  await json(mirror, "sync");
  expect(await isHeld(mirror, sha256)).toBe(true);
  await mirror.configure(NO_GRACE);
  await json(mirror, "prune");
  expect(await isHeld(mirror, sha256)).toBe(false);
});

test("a channel keeps what it was given, whatever the mirror does with what upstream withdrew", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using mirror = await temporaryMirror(upstream, {
    onUpstreamRemoval: "remove",
    channels: { prod: { from: "mirror" } },
    ...NO_GRACE,
  });
  await mirror.sync();
  const sha256 = await shaOf(mirror, "3.6.1");
  await json(mirror, "channel", "promote", "prod", "--reason", "test");
  upstream.publish(later);
  await json(mirror, "sync");
  await json(mirror, "prune");
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
  const { agents } = await json<{ agents: { version: string }[] }>(mirror, "list", "--channel", "prod");
  expect(agents.map(({ version }) => version).sort()).toEqual(["3.6.1", "3.6.2"]);
  expect(await isHeld(mirror, sha256)).toBe(true);
});

/** Both sides hold what upstream lists, and the far side does this with what upstream withdraws. */
async function gapWithFirstBundle(upstream: TestUpstream, policy: "keep" | "unlist" | "remove") {
  const gap = await airGap(upstream, { near: NO_GRACE, far: { onUpstreamRemoval: policy, ...NO_GRACE } });
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "1"));
  await gap.json<ImportedDocument>("far", "bundle", "import", join(gap.medium, "1"));
  return gap;
}

test.each(["keep", "unlist", "remove"] as const)(
  "a far side with `%s` does so with what upstream withdrew",
  async (policy) => {
    await using upstream = await startUpstream({ tree: full });
    await using gap = await gapWithFirstBundle(upstream, policy);
    const sha256 = await shaOf(gap.far, "3.6.1");
    upstream.publish(later);
    await gap.near.sync();
    await gap.done("near", "bundle", "create", "--to", join(gap.medium, "2"));
    const imported = await gap.json<ImportedDocument & { removed: string[] }>(
      "far",
      "bundle",
      "import",
      join(gap.medium, "2"),
    );
    expect(imported.removed).toEqual(policy === "keep" ? [] : [AGENT]);
    expect(await listed(gap.far)).toEqual(
      policy === "keep" ? ["3.6.1", "3.6.2", "3.6.3"] : ["3.6.2", "3.6.3"],
    );
    await gap.done("far", "prune");
    expect(await isHeld(gap.far, sha256)).toBe(policy !== "remove");
    const { goneUpstream } = await json<StatusDocument>(gap.far, "status");
    expect(goneUpstream?.map(({ agent, listed: isListed }) => [agent, isListed])).toEqual(
      policy === "remove" ? undefined : [[AGENT, policy === "keep"]],
    );
    expect(await gap.far.here("verify")).toMatchObject({ status: 0 });
  },
);

test.each(["keep", "unlist", "remove"] as const)(
  "the dry run of an import with `%s` tells what upstream withdrew from what the bundle leaves out",
  async (policy) => {
    await using upstream = await startUpstream({ tree: full });
    await using gap = await gapWithFirstBundle(upstream, policy);
    upstream.publish(later);
    // 3.6.1 is withdrawn by upstream, 3.6.2 is left out by the near side.
    await gap.near.configure({ deny: [{ version: "3.6.2" }] });
    await gap.near.sync();
    await gap.done("near", "bundle", "create", "--to", join(gap.medium, "2"));
    const words = ["bundle", "import", join(gap.medium, "2"), "--dry-run"];
    const { plan } = await gap.json<{
      plan: { bundles: { removes: string[]; withdrawn: string[] | null }[] };
    }>("far", ...words);
    const left = "3.6.2-ubuntu-amd64";
    expect(plan.bundles).toMatchObject([
      {
        removes: policy === "keep" ? [left] : [AGENT, left],
        withdrawn: policy === "remove" ? [] : [AGENT],
      },
    ]);
    const { stdout } = await gap.far.here(...words);
    const end = policy === "keep" ? "kept and listed" : "kept, not listed";
    if (policy === "remove") expect(stdout).not.toContain("withdrawn");
    else expect(stdout).toContain(`  withdrawn by upstream, ${end}: 1 agent\n`);

    const quiet = await gap.far.here("bundle", "import", join(gap.medium, "2"), "--quiet");
    expect(quiet).toMatchObject({ status: 0, stdout: "" });
    expect(quiet.stderr).toContain(`removed  `);
    expect(quiet.stderr).toContain("3.6.2");
    expect(quiet.stderr.includes("removed  ") && /removed .*3\.6\.1/.test(quiet.stderr)).toBe(
      policy !== "keep",
    );
    expect(await gap.far.here("bundle", "import", join(gap.medium, "2"), "--quiet")).toMatchObject({
      status: 0,
      stdout: "",
    });
  },
);

test("the dry run says so where upstream's documents are not among the volumes", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using gap = await airGap(upstream, {
    near: NO_GRACE,
    far: { onUpstreamRemoval: "keep", ...NO_GRACE },
  });
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "1"));
  await gap.json<ImportedDocument>("far", "bundle", "import", join(gap.medium, "1"));
  upstream.publish(later);
  await gap.near.sync();
  const medium = join(gap.medium, "2");
  await gap.done("near", "bundle", "create", "--to", medium, "--volume-size", "12KiB");
  const volumes = (await readdir(medium)).filter((name) => name.endsWith(".tar")).sort();
  expect(volumes.length).toBeGreaterThan(1);
  const last = join(medium, volumes.at(-1) ?? "");
  const words = ["bundle", "import", last, "--dry-run"];
  const { plan } = await gap.json<{ plan: { bundles: object[] } }>("far", ...words);
  expect(plan.bundles).toMatchObject([{ removes: [AGENT], withdrawn: null }]);
  expect((await gap.far.here(...words)).stdout).toContain("withdrawn by upstream: not known");
  const whole = await gap.json<{ plan: { bundles: object[] } }>("far", "bundle", "import", medium, "-n");
  expect(whole.plan.bundles).toMatchObject([{ removes: [], withdrawn: [AGENT] }]);
});
