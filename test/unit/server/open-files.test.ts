import { expect, test } from "vitest";
import { connectionsThatFit } from "../../../src/server/open-files.ts";

test.for([
  [10_000, 1_048_576, undefined],
  [10_000, 20_000, undefined],
  [20_000, 20_000, 18_744],
  [10_000, 4_096, 2_840],
  [10_000, 2_000, 872],
  [10_000, 1_024, 384],
  [100, 1_024, undefined],
  [10, 64, 1],
] as const)("of %i connections with %i open files fit %s", ([wanted, limit, fitting]) => {
  expect(connectionsThatFit(wanted, limit)).toBe(fitting);
});
