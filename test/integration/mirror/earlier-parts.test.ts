/** What a tree contains for clients of earlier snapshots leaves it when their grace is over, however often it was built again. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keepSnapshot } from "../../../src/mirror/keep-snapshot.ts";
import { pruneStore } from "../../../src/mirror/prune.ts";
import { readGraced, showSnapshot } from "../../../src/mirror/publish.ts";
import { readSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { rebuildTrees } from "../../../src/mirror/rebuild-tree.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { MIRROR_REF, parseRefName, type RefName } from "../../../src/shared/ref-name.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { temporaryStore, type TemporaryStore } from "../../helpers/temporary-store.ts";

const HOUR_MS = 3_600_000;
const RULES = { snapshots: 1, graceMs: HOUR_MS, quota: undefined };

async function show(store: TemporaryStore, ref: RefName, snapshot: Snapshot, at = new Date()): Promise<void> {
  const graced = await readGraced(store, ref, { graceMs: HOUR_MS, now: at });
  await showSnapshot(store, snapshot, { ref, graced, at });
}

test.for([
  ["the mirror", MIRROR_REF, 1],
  ["the mirror", MIRROR_REF, 2],
  ["a channel", parseRefName("lab"), 1],
] as const)("a tree of %s that was built again (%s, %i times)", async ([, ref, times]) => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const snapshots = [
    await publish({ agents: [{ version: "3.6.1" }] }),
    await publish({ agents: [{ version: "3.6.2" }] }),
  ];
  for (const snapshot of snapshots) await show(store, ref, snapshot);
  const face = ref === MIRROR_REF ? "tools" : `channels/${ref}/tools`;
  const has = (version: string) =>
    access(join(store.path, face, `agent/${version}/juju-${version}-linux-amd64.tgz`)).then(
      () => true,
      () => false,
    );
  const now = new Date();
  for (let time = 0; time < times; time += 1) await rebuildTrees(store, { retention: RULES, now });
  expect([await has("3.6.1"), await has("3.6.2")]).toEqual([true, true]);
  await pruneStore(store, RULES, new Date(now.getTime() + 2 * HOUR_MS));
  expect([await has("3.6.1"), await has("3.6.2")]).toEqual([false, true]);
});

test.for([["the mirror", MIRROR_REF] as const, ["a channel", parseRefName("lab")] as const])(
  "what a tree of %s shares with one that clients may still be reading is nothing wrong, and goes with that",
  async ([, ref]) => {
    await using store = await temporaryStore();
    const publish = publisher(store);
    const start = Date.now();
    const versions = ["3.6.2", "3.6.3", "3.6.4"];
    for (const [turn, minutes] of [0, 10, 80].entries()) {
      const snapshot = await publish({
        agents: [{ version: "3.6.1" }, { version: versions[turn] as string }],
      });
      await show(store, ref, snapshot, new Date(start + minutes * 60_000));
    }
    const path = "agent/3.6.2/juju-3.6.2-linux-amd64.tgz";
    const extra = async () => {
      const target = (await store.refs.read(ref)) as string;
      const faults = await store.trees?.inspect(target, { files: [], others: () => [] });
      return faults?.map((one) => one.path);
    };
    await access(join(store.path, ref === MIRROR_REF ? "tools" : `channels/${ref}/tools`, path));
    expect(await extra()).not.toContain(path);
    await pruneStore(store, RULES, new Date(start + 4 * HOUR_MS));
    await expect(
      access(join(store.path, ref === MIRROR_REF ? "tools" : `channels/${ref}/tools`, path)),
    ).rejects.toThrow("ENOENT");
  },
);

test("a snapshot of the same agents in the same second leaves the one before it as it is", async () => {
  await using store = await temporaryStore();
  const first = await publisher(store)({ agents: [{ version: "3.6.1" }] });
  const { id, ...content } = first;
  const again = await keepSnapshot(store, {
    ...content,
    parent: id,
    createdAt: new Date(Date.parse(first.createdAt)),
  });
  expect(again.id).not.toBe(id);
  expect(again.id.slice(0, 17)).toBe(id.slice(0, 17));
  expect(await readSnapshot(store, id)).toMatchObject({ id, ...content });
  expect(await readSnapshot(store, again.id)).toMatchObject({ ...content, id: again.id, parent: id });
});
