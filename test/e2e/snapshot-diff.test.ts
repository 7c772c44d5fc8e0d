/** What changes from one snapshot to another, what a channel showed at a time, and that only what was shown is promoted. */
import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ChannelEntry, MomentDocument } from "../../src/channel/history-document.ts";
import type { SnapshotDiff } from "../../src/mirror/snapshots-document.ts";
import { makeWritable } from "../helpers/damage-file.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { agedTree, buildSampleTree, startUpstream } from "../helpers/upstream.ts";

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

async function done(mirror: TestMirror, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, stderr + stdout).toBe(0);
  return stdout;
}

test("a diff names versions, architectures, bytes and metadata, as table, JSON and Markdown", async () => {
  const common = { oses: ["ubuntu"], families: ["agents"], streams: ["released"] } as const;
  const before = await buildSampleTree({
    ...common,
    releases: ["3.6.1", "3.6.2"],
    arches: ["amd64"],
    now: daysAgo(5),
  });
  const after = await buildSampleTree({
    ...common,
    releases: ["3.6.2", "3.6.3"],
    arches: ["amd64", "arm64"],
    tarballBytes: 4000,
    key: before.key,
    now: daysAgo(4),
  });
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream);
  const { snapshot: from } = await mirror.sync();
  upstream.publish(after);
  const { snapshot: to } = await mirror.sync({ allow: ["path-reuse", "mass-removal"] });

  const diff = ["snapshot", "diff", from ?? "", to ?? ""];
  const document = JSON.parse(await done(mirror, ...diff, "-o", "json")) as SnapshotDiff;
  const shaOf = ({ listings }: typeof before) =>
    listings.find(({ version, arch }) => version === "3.6.2" && arch === "amd64")?.item.sha256;
  const sizeOf = ({ items }: typeof before) => [...items.values()].reduce((sum, { size }) => sum + size, 0);
  expect(document).toMatchObject({
    added: ["3.6.2-ubuntu-arm64", "3.6.3-ubuntu-amd64", "3.6.3-ubuntu-arm64"],
    removed: ["3.6.1-ubuntu-amd64"],
    changed: [{ agent: "3.6.2-ubuntu-amd64", from: shaOf(before), to: shaOf(after) }],
    bytes: sizeOf(after) - sizeOf(before),
    versions: { added: ["3.6.3"], removed: ["3.6.1"] },
  });
  expect(document.metadata.map(({ path }) => path)).toContain("streams/v1/index2.sjson");
  const table = await done(mirror, ...diff);
  expect(table).toMatch(/^added +3: 3\.6\.2 +ubuntu +arm64\n +3\.6\.3 +ubuntu +amd64 arm64\n/m);
  expect(table).toMatch(
    /^removed +1: 3\.6\.1 [^]*^changed +1: 3\.6\.2 [^]*^metadata +streams\/v1\/[^]*^size +\+/m,
  );
  const markdown = await done(mirror, ...diff, "--markdown");
  expect(markdown).toMatch(/^# .*\n[^]*^New versions: `3\.6\.3`$[^]*^Versions that go: `3\.6\.1`$/m);
  expect(markdown).toMatch(
    /^## Added\n\n- `3\.6\.2-ubuntu-arm64`\n[^]*^## Removed\n\n- `3\.6\.1-ubuntu-amd64`$/m,
  );
  expect(markdown).toMatch(/^- `3\.6\.2-ubuntu-amd64`\n[^]*`streams\/v1\/index2\.sjson`: \d{4}/m);
});

test("what a channel showed at a time is proven, pruned or damaged, and never guessed; only that is promoted further", async () => {
  const trees = await Promise.all(
    ["3.6.1", "3.6.2", "3.6.3", "3.6.4"].map((one, at) => agedTree([one], 9 - at)),
  );
  const [first, ...others] = trees;
  if (first === undefined) throw new Error("There is no tree.");
  await using upstream = await startUpstream({ tree: first });
  await using mirror = await temporaryMirror(upstream, {
    channels: { lab: { from: "mirror" }, prod: { from: "lab" } },
    retention: { snapshots: 1, grace: "PT0S", maxRemoval: "100%" },
  });
  await mirror.sync();
  const ids: string[] = [];
  const promote = async () => {
    const moved = await done(mirror, "channel", "promote", "lab", "--reason", "next", "-o", "json");
    ids.push((JSON.parse(moved) as { to: string }).to);
  };
  await promote();
  for (const tree of others.slice(0, 2)) {
    upstream.publish(tree);
    await mirror.sync();
    await promote();
  }
  upstream.publish(others[2] ?? first);
  const { snapshot: unseen } = await mirror.sync();
  await mirror.configure({
    channels: { lab: { from: "mirror", retention: { snapshots: 1 } }, prod: { from: "lab" } },
  });
  await done(mirror, "prune", "--force-removal");

  const { history } = JSON.parse(await done(mirror, "channel", "history", "lab", "-o", "json")) as {
    history: ChannelEntry[];
  };
  const at = async (time: string) =>
    JSON.parse(await done(mirror, "channel", "history", "lab", "--at", time, "-o", "json")) as MomentDocument;
  const times = history.map((entry) => entry.at);
  const catalogues = async () => (await Promise.all(times.map(at))).map(({ catalogue }) => catalogue);
  expect(await catalogues()).toEqual(["pruned", "proven", "proven"]);
  expect(await at(times[0] ?? "")).toMatchObject({
    snapshot: ids[0],
    agents: [],
    entry: { catalogue: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(await at(new Date(Date.parse(times[0] ?? "") - 1).toISOString())).toMatchObject({
    snapshot: null,
    catalogue: "none",
  });
  // The same moment, as another time zone writes it.
  const shifted = new Date(Date.parse(times[1] ?? "") + 2 * 3_600_000).toISOString().replace("Z", "+02:00");
  expect(await at(shifted)).toMatchObject({ snapshot: ids[1], agents: ["3.6.2-ubuntu-amd64"] });

  for (const [word, message] of [
    [unseen ?? "", "has never shown"],
    [ids[0] ?? "", "is not kept any longer"],
  ] as const) {
    const { status, stderr } = await mirror.here(
      "channel",
      "promote",
      "prod",
      "--snapshot",
      word,
      "--reason",
      "x",
    );
    expect([status, stderr]).toEqual([5, expect.stringContaining(message)]);
  }
  await done(mirror, "channel", "promote", "prod", "--snapshot", ids[1] ?? "", "--reason", "not the newest");

  const names = await readdir(join(mirror.data, "snapshots"));
  const file = names.find((name) => name.startsWith(ids[1] ?? "?")) ?? "";
  await makeWritable(join(mirror.data, "snapshots", file));
  await truncate(join(mirror.data, "snapshots", file), 30);
  expect(await catalogues()).toEqual(["pruned", "damaged", "proven"]);
});
