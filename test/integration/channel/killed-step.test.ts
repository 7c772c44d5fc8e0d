/** A promotion that was killed happened exactly when the ref says so. */
import { expect, test } from "vitest";
import { readHistory } from "../../../src/channel/history.ts";
import { createChannel, deleteChannel } from "../../../src/channel/manage.ts";
import { promote } from "../../../src/channel/promote.ts";
import { rollBack } from "../../../src/channel/rollback.ts";
import type { ChannelWork } from "../../../src/channel/work.ts";
import { parseRefName } from "../../../src/shared/ref-name.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

const LAB = parseRefName("lab");

function workOn(store: ChannelWork["store"]): ChannelWork {
  return { store, settings: [], graceMs: 0, now: () => new Date(), who: "test@here" };
}

/** The same work with these steps of the refs in the place of its own. */
function killedAt(work: ChannelWork, refs: Partial<ChannelWork["store"]["refs"]>): ChannelWork {
  return { ...work, store: { ...work.store, refs: { ...work.store.refs, ...refs } } };
}

test.for(["before the ref moves", "after the ref moved"] as const)(
  "killed %s, readers and the next command agree",
  async (moment) => {
    await using store = await temporaryStore();
    const publish = publisher(store);
    await publish({ agents: [{ version: "3.6.1" }] });
    const work = workOn(store);
    await createChannel(work, { name: "lab", from: "mirror", reason: undefined });
    const first = await promote(work, { name: "lab", reason: "first" });
    const next = await publish({ agents: [{ version: "3.6.2" }] });
    const killed = killedAt(work, {
      swap: async (...move) => {
        if (moment === "after the ref moved") await store.refs.swap(...move);
        throw new Error("killed");
      },
    });
    await expect(promote(killed, { name: "lab", reason: "second" })).rejects.toThrow("killed");
    const happened = moment === "after the ref moved";
    const reasons = (await readHistory(store, LAB)).map(({ reason }) => reason);
    expect(reasons).toEqual([null, "first", ...(happened ? ["second"] : [])]);
    const again = await promote(work, { name: "lab", reason: "again" });
    expect(again).toMatchObject({ outcome: happened ? "unchanged" : "promoted", to: next.id });
    expect((await rollBack(work, { name: "lab", reason: "back" })).to).toBe(first.to);
    expect((await readHistory(store, LAB)).at(-1)).toMatchObject({ action: "rollback", from: next.id });
  },
);

test("a deletion that was killed halfway leaves a channel that shows nothing, and is finished by the next one", async () => {
  await using store = await temporaryStore();
  await publisher(store)({ agents: [{ version: "3.6.1" }] });
  const work = workOn(store);
  await createChannel(work, { name: "lab", from: "mirror", reason: undefined });
  await promote(work, { name: "lab", reason: "first" });
  const killed = killedAt(work, {
    delete: async (name) => {
      await store.refs.delete(name);
      throw new Error("killed");
    },
  });
  const deletion = { name: "lab", reason: "not needed", allowsServed: true };
  await expect(deleteChannel(killed, deletion)).rejects.toThrow("killed");
  expect((await readHistory(store, LAB)).at(-1)).toMatchObject({ action: "delete", to: null });
  expect(await store.refs.read(LAB)).toBeUndefined();
  await deleteChannel(work, { ...deletion, allowsServed: false });
  await createChannel(work, { name: "lab", from: "mirror", reason: "again" });
  expect(await promote(work, { name: "lab", reason: "again" })).toMatchObject({ outcome: "promoted" });
});
