import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ConfigFile } from "../../../src/config/schema.ts";
import { buildSampleTree, itemPath, startUpstream, type SampleTree } from "../../helpers/upstream.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";

function treeOf(
  hoursAgo: number,
  releases: readonly string[],
  streams = ["released" as const],
): Promise<SampleTree> {
  const now = new Date(NOW - hoursAgo * HOUR_MS);
  return buildSampleTree({ releases, arches: ["amd64"], oses: ["ubuntu"], streams, now });
}

const hoursFromNow = (hours: number): Date => new Date(NOW + hours * HOUR_MS);
const SIX = ["3.6.22", "3.6.23", "3.6.24", "3.6.25", "3.6.26", "3.6.27"];
const six = await treeOf(9, SIX);
const agentsOf = (...versions: string[]) => versions.map((version) => `${version}-ubuntu-amd64`);

/** A mirror that was synced with `tree`. */
async function syncedWith(tree: SampleTree, settings: ConfigFile = {}) {
  const stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream({ tree }));
  const mirror = stack.use(await temporaryMirror(upstream, settings));
  await mirror.sync();
  return { upstream, mirror, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("stops when too many agents are gone at once, and lets them go when told to", async () => {
  await using run = await syncedWith(six);
  run.upstream.publish(await treeOf(5, SIX.slice(0, 3)));
  await expect(run.mirror.sync()).rejects.toMatchObject({
    code: "JAM_METADATA_MASS_REMOVAL",
    details: { goneCount: 3, listed: 6 },
  });
  expect((await run.mirror.published()).agents).toEqual(agentsOf(...SIX));
  const report = await run.mirror.sync({ allow: ["mass-removal"] });
  expect(report.removed.map(({ reason }) => reason)).toEqual(Array(3).fill("gone upstream"));
  expect((await run.mirror.published()).agents).toEqual(agentsOf(...SIX.slice(0, 3)));
});

test("lets a few go without a word", async () => {
  await using run = await syncedWith(six);
  run.upstream.publish(await treeOf(5, SIX.slice(1)));
  expect((await run.mirror.sync()).removed).toMatchObject([{ agent: agentsOf("3.6.22")[0] }]);
});

test("stops when the last agent of a small mirror is gone", async () => {
  await using run = await syncedWith(await treeOf(9, ["3.6.27"]));
  run.upstream.publish(
    await six.withEdited(AGENTS, (document) => ({
      ...document,
      updated: new Date(NOW).toUTCString(),
      products: {},
    })),
  );
  const error = await run.mirror.sync({ allow: ["inconsistent"] }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "JAM_METADATA_MASS_REMOVAL" });
});

test("takes a stream that the index names no longer for gone, not for unwanted", async () => {
  await using run = await syncedWith(six);
  const tools = await treeOf(5, ["2.8.13"]);
  run.upstream.publish(tools);
  await expect(run.mirror.sync()).rejects.toMatchObject({ code: "JAM_METADATA_MASS_REMOVAL" });
  expect((await run.mirror.published()).agents).toEqual(agentsOf(...SIX));
});

test("takes no other bytes under a known path, and all else", async () => {
  await using run = await syncedWith(await treeOf(9, ["3.6.26"]));
  const next = await treeOf(5, ["3.6.26", "3.6.27"]);
  const path = itemPath({ tree: next }, "3.6.26");
  const other = await buildSampleTree({ releases: ["3.6.26"], arches: ["amd64"], tarballBytes: 4000 });
  const bytes = other.items.get(path);
  if (bytes === undefined) throw new Error(`no ${path}`);
  const { sha256, size, md5 } = bytes;
  const edited = await next.withEdited(AGENTS, (document) => {
    for (const { versions } of Object.values(document.products)) {
      for (const { items } of Object.values(versions)) {
        for (const item of Object.values(items))
          if (item["path"] === path) Object.assign(item, { sha256, size, md5 });
      }
    }
  });
  run.upstream.publish(edited);
  const before = await readFile(join(run.mirror.data, "tools", path));
  const report = await run.mirror.sync();
  expect(report).toMatchObject({
    outcome: "partial",
    failed: [{ agent: agentsOf("3.6.26")[0], code: "JAM_METADATA_PATH_REUSED" }],
  });
  expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.26", "3.6.27"));
  expect(await readFile(join(run.mirror.data, "tools", path))).toEqual(before);
});

test("an agent that is denied goes at once, though another fails to come", async () => {
  await using run = await syncedWith(await treeOf(9, ["3.6.25", "3.6.26"]));
  const next = await treeOf(5, ["3.6.25", "3.6.26", "3.6.27"]);
  run.upstream.publish(next);
  run.upstream.fault(itemPath({ tree: next }, "3.6.27"), { kind: "status", status: 404 });
  await run.mirror.configure({ deny: [{ version: "3.6.26", reason: "breaks relations" }] });
  const report = await run.mirror.sync();
  expect(report.removed).toMatchObject([{ agent: agentsOf("3.6.26")[0], reason: "denied" }]);
  expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.25"));
});

test("a partial run never drops the only version of a minor", async () => {
  const select = [{ stream: "released", keep: 1 }];
  await using run = await syncedWith(await treeOf(9, ["3.6.26", "4.0.14"]), { select });
  const next = await treeOf(5, ["3.6.26", "3.6.27", "4.0.14", "4.0.15"]);
  run.upstream.publish(next);
  run.upstream.fault(itemPath({ tree: next }, "3.6.27"), { kind: "status", status: 404 });
  expect((await run.mirror.sync()).outcome).toBe("partial");
  expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.26", "4.0.14", "4.0.15"));
  run.upstream.clearFaults();
  expect((await run.mirror.sync()).outcome).toBe("updated");
  expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.27", "4.0.15"));
});

test("what left the index stays reachable for the grace period, and no longer", async () => {
  const select = [{ stream: "released", keep: 1 }];
  const retention = { snapshots: 1, grace: "PT6H", maxRemoval: "100%" };
  await using run = await syncedWith(await treeOf(9, ["3.6.25"]), { select, retention });
  const path = itemPath({ tree: await treeOf(9, ["3.6.25"]) }, "3.6.25");
  const tools = join(run.mirror.data, "tools");
  const oldIndex = JSON.parse(await readFile(join(tools, "streams/v1/index2.json"), "utf8")) as {
    index: Record<string, { path: string }>;
  };
  const [{ path: productPath }] = Object.values(oldIndex.index) as [{ path: string }];
  const isThere = (file: string) =>
    stat(join(tools, file))
      .then(() => true)
      .catch(() => false);

  run.upstream.publish(await treeOf(7, ["3.6.25", "3.6.26"]));
  await run.mirror.sync();
  expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.26"));
  expect([await isThere(path), await isThere(productPath)]).toEqual([true, true]);

  await run.mirror.sync({ at: hoursFromNow(5) });
  expect([await isThere(path), await isThere(productPath)]).toEqual([true, true]);

  await run.mirror.sync({ at: hoursFromNow(7) });
  expect([await isThere(path), await isThere(productPath)]).toEqual([false, false]);
  expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.26"));

  run.upstream.publish(await treeOf(1, ["3.6.25", "3.6.26", "3.6.27"]));
  await run.mirror.sync({ at: hoursFromNow(7) });
  await run.mirror.sync({ at: hoursFromNow(20) });
  const blobs = await readdir(join(run.mirror.data, "blobs/sha256"), { recursive: true });
  expect(blobs.filter((name) => name.length > 60)).toHaveLength(2);
});

test("two snapshots of one second are kept in the order they were made", async () => {
  const retention = { snapshots: 1, grace: "PT0S" };
  await using run = await syncedWith(await treeOf(9, ["3.6.20"]), { retention });
  const second = Math.floor(NOW / 1000) * 1000 + 60_000;
  for (const [at, last] of ["3.6.21", "3.6.22", "3.6.23", "3.6.24"].entries()) {
    run.upstream.publish(await treeOf(8 - at, ["3.6.20", last]));
    await run.mirror.sync({ at: new Date(second + at) });
    expect((await run.mirror.published()).agents).toEqual(agentsOf("3.6.20", last));
    const snapshots = await readdir(join(run.mirror.data, "snapshots"));
    const parents = await Promise.all(
      snapshots.map(async (name) => {
        const text = await readFile(join(run.mirror.data, "snapshots", name), "utf8");
        return (JSON.parse(text) as { parent?: string }).parent;
      }),
    );
    // The one before the current is the one kept for going back.
    expect(snapshots).toHaveLength(2);
    expect(parents.some((parent) => snapshots.includes(`${parent}.json`))).toBe(true);
  }
});
