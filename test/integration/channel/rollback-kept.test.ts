/** What a rollback leads to stays, whatever a channel has shown since. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readExpectedRefs } from "../../../src/channel/expected-refs.ts";
import { createChannel } from "../../../src/channel/manage.ts";
import { readStanding } from "../../../src/channel/move-channel.ts";
import { promote } from "../../../src/channel/promote.ts";
import { rollBack, withdraw } from "../../../src/channel/rollback.ts";
import type { ChannelWork } from "../../../src/channel/work.ts";
import { pruneStore } from "../../../src/mirror/prune.ts";
import { listSnapshotIds } from "../../../src/mirror/read-snapshots.ts";
import { restoreChannelRefs } from "../../../src/repair/restore-refs.ts";
import { parseRefName } from "../../../src/shared/ref-name.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { type TemporaryStore, temporaryStore } from "../../helpers/temporary-store.ts";

const step = { name: "lab", reason: "x" };
const LAB = parseRefName("lab");

async function promotions(
  count: number,
): Promise<ChannelWork & { readonly store: TemporaryStore } & AsyncDisposable> {
  const store = await temporaryStore();
  const publish = publisher(store);
  const work = { store, settings: [], graceMs: 0, now: () => new Date(), who: "test@here" };
  const versions = [1, 2, 3, 4, 5, 6].map((patch) => ({ version: `3.6.${patch}` }));
  await publish({ agents: versions });
  await createChannel(work, { name: "lab", from: "mirror", reason: undefined });
  for (let more = 0; more < count; more += 1) {
    await publish({ agents: [...versions, { version: `3.6.${10 + more}` }] });
    await promote(work, step);
  }
  return { ...work, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

async function prune({ store }: ChannelWork, snapshots: number): Promise<string[]> {
  const lease = await store.lease.acquire("test");
  await pruneStore(store, { snapshots, graceMs: 0, quota: undefined }, new Date(Date.now() + 60_000));
  await lease.release();
  return listSnapshotIds(store.documents);
}

async function targets({ store }: ChannelWork): Promise<readonly string[]> {
  return (await readStanding(store, LAB)).standing.earlier;
}

test("many withdrawals and a rollback do not push out what the next rollback leads to", async () => {
  await using work = await promotions(3);
  for (const patch of [1, 2]) await withdraw(work, { ...step, version: `3.6.${patch}` });
  await rollBack(work, step);
  for (const patch of [3, 4]) await withdraw(work, { ...step, version: `3.6.${patch}` });
  const [target] = await targets(work);
  expect(await prune(work, 1)).toContain(target);
  expect(await rollBack(work, step)).toMatchObject({ outcome: "rolled-back" });
});

test("rollbacks lead as far back as before, one after the other", async () => {
  await using work = await promotions(4);
  for (let back = 0; back < 3; back += 1) {
    const earlier = await targets(work);
    expect(await prune(work, 0)).toEqual(expect.arrayContaining([...earlier]));
    await withdraw(work, { ...step, version: `3.6.${back + 1}` });
    await rollBack(work, step);
  }
  await expect(rollBack(work, step)).rejects.toMatchObject({ code: "JAM_SNAPSHOT_NOT_FOUND" });
});

test("a repair that builds the channel's tree again keeps what rollbacks lead to", async () => {
  await using work = await promotions(4);
  const { store } = work;
  const earlier = await targets(work);
  const expected = await readExpectedRefs(store);
  await rm(join(store.path, "refs/lab"));
  for (const tree of (await store.trees?.list()) ?? [])
    if (tree.includes("~lab~")) await store.trees?.delete(tree);
  await restoreChannelRefs(store, { expected, now: new Date(), builds: true });
  expect(await prune(work, 0)).toEqual(expect.arrayContaining([...earlier]));
  expect(await rollBack(work, step)).toMatchObject({ outcome: "rolled-back" });
});
