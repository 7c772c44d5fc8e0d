/** An earlier snapshot is promoted whole when its delay is over, also what the mirror no longer lists. */
import { expect, test } from "vitest";
import { promote } from "../../../src/channel/promote.ts";
import type { ChannelWork } from "../../../src/channel/work.ts";
import { showSnapshot } from "../../../src/mirror/publish.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

const MINUTE_MS = 60_000;

test.for([
  ["is over", 70, ["3.6.1", "3.6.2"]],
  ["is not over", 50, undefined],
] as const)("when the delay %s, %i minutes after the snapshot", async ([, minutes, expected]) => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const earlier = await publish({ agents: [{ version: "3.6.1" }, { version: "3.6.2" }] });
  const next = await publish({ agents: [{ version: "3.6.3" }] });
  const at = new Date(earlier.createdAt);
  for (const snapshot of [earlier, next])
    await showSnapshot(store, snapshot, { ref: MIRROR_REF, graced: [], at });
  const work: ChannelWork = {
    store,
    settings: [{ name: "lab", from: "mirror", delayMs: 60 * MINUTE_MS, clock: "seen", promote: "manual" }],
    graceMs: 0,
    now: () => new Date(at.getTime() + minutes * MINUTE_MS),
    who: "test@here",
  };
  const promotion = promote(work, { name: "lab", snapshot: earlier.id, reason: "back" });
  if (expected === undefined) await expect(promotion).rejects.toMatchObject({ code: "JAM_CHANNEL_EMPTY" });
  else
    expect(await promotion).toMatchObject({
      to: earlier.id,
      added: expected.map((version) => `${version}-ubuntu-amd64`),
      keptBack: [],
    });
});
