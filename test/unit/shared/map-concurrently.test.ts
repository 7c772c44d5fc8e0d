import { expect, test } from "vitest";
import { mapConcurrently } from "../../../src/shared/map-concurrently.ts";

/** Resolves after some turns of the queue of microtasks. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test("gives results in the order of the items, however long each takes", async () => {
  const results = await mapConcurrently([9, 1, 5, 0], async (count) => (await turns(count), count * 2), 2);
  expect(results).toEqual([18, 2, 10, 0]);
  expect(await mapConcurrently([], async () => 1)).toEqual([]);
});

test.for([1, 3, 100])("has at most %i calls under way", async (limit) => {
  let [running, most] = [0, 0];
  await mapConcurrently(
    Array.from({ length: 20 }, (_, at) => at),
    async (at) => {
      most = Math.max(most, (running += 1));
      await turns(at % 5);
      running -= 1;
    },
    limit,
  );
  expect(most).toBe(Math.min(limit, 20));
});

test("begins nothing after a failure, and throws it when what was under way has ended", async () => {
  const begun: number[] = [];
  let ended = 0;
  const mapping = mapConcurrently(
    [0, 1, 2, 3, 4, 5, 6, 7],
    async (at) => {
      begun.push(at);
      if (at === 1) throw new Error("first");
      await turns(10);
      ended += 1;
    },
    3,
  );
  await expect(mapping).rejects.toThrow("first");
  expect(begun).toEqual([0, 1, 2]);
  expect(ended).toBe(2);
});
