/** When something was listed last, by the snapshots that are kept. */
import { expect, test } from "vitest";
import { readListedBefore } from "../../../src/mirror/listed-before.ts";
import { publishSnapshot } from "../../../src/mirror/publish.ts";
import { parseRefName } from "../../../src/shared/ref-name.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

const agent = { version: "3.6.1" };

test("a channel's snapshot that was taken from an earlier one does not make a list older", async () => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const older = await publish({ agents: [agent] });
  const changed = await publish({ agents: [{ ...agent, seed: 77 }] });
  const newer = await publish({ agents: [agent, { version: "4.0.1" }] });
  await publishSnapshot(
    store,
    {
      ...older,
      parent: undefined,
      createdAt: new Date(Date.parse(newer.createdAt) + 60_000),
      curated: { channel: "lab", from: "mirror", snapshot: older.id },
    },
    { ref: parseRefName("lab"), graced: [] },
  );
  const { agents } = await readListedBefore(store);
  const times = new Map(agents.map(({ sha256, listedAt }) => [sha256, listedAt]));
  expect(times.get(older.agents[0]?.sha256 as never)).toBe(newer.createdAt);
  // Of the two contents of the path, the one that was listed last counts.
  expect(times.has(changed.agents[0]?.sha256 as never)).toBe(false);
});
