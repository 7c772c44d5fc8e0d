import { expect, test } from "vitest";
import { walk } from "../walk/walk.ts";

/** Another walk every day, the same for everybody on that day. */
const SEED = Math.floor(Date.now() / 86_400_000);

test(`some hundred random changes of mirrors with channels go as the model says (seed ${SEED}): see npm run walk`, async () => {
  const { failure, steps } = await walk({ steps: 200, seed: SEED, length: 40 });
  expect(failure).toBeUndefined();
  expect(steps).toBeGreaterThanOrEqual(200);
});
