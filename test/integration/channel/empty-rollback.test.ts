/** A channel never lists nothing: an empty index would send every client to the internet. */
import { expect, test } from "vitest";
import { hold, release } from "../../../src/channel/hold.ts";
import { createChannel } from "../../../src/channel/manage.ts";
import { promote } from "../../../src/channel/promote.ts";
import { rollBack, withdraw } from "../../../src/channel/rollback.ts";
import type { ChannelWork } from "../../../src/channel/work.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

const step = { name: "lab", reason: "x" };

async function twoPromotions(): Promise<ChannelWork & AsyncDisposable> {
  const store = await temporaryStore();
  const publish = publisher(store);
  const work: ChannelWork = { store, settings: [], graceMs: 0, now: () => new Date(), who: "test@here" };
  await publish({ agents: [{ version: "3.6.1" }] });
  await createChannel(work, { name: "lab", from: "mirror", reason: undefined });
  await promote(work, step);
  await publish({ agents: [{ version: "3.6.1" }, { version: "3.6.2" }] });
  await promote(work, step);
  return { ...work, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

test("a rollback to a snapshot of which all is withdrawn is refused, until it is released", async () => {
  await using work = await twoPromotions();
  await withdraw(work, { ...step, version: "3.6.1" });
  const shown = await work.store.refs.read("lab");
  await expect(rollBack(work, step)).rejects.toMatchObject({ code: "JAM_CHANNEL_EMPTY" });
  expect(await work.store.refs.read("lab")).toBe(shown);
  await release(work, { ...step, version: "3.6.1" });
  expect(await rollBack(work, step)).toMatchObject({
    outcome: "rolled-back",
    removed: ["3.6.2-ubuntu-amd64"],
  });
});

test("so are the withdrawal of the last version and the promotion of what is all held", async () => {
  await using work = await twoPromotions();
  await withdraw(work, { ...step, version: "3.6.1" });
  await expect(withdraw(work, { ...step, version: "3.6.2" })).rejects.toMatchObject({
    code: "JAM_CHANNEL_EMPTY",
  });
  await publisher(work.store)({ agents: [{ version: "3.6.3" }] });
  await hold(work, { ...step, version: "3.6.3" });
  await expect(promote(work, step)).rejects.toMatchObject({ code: "JAM_CHANNEL_EMPTY" });
});
