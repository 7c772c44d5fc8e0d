import { expect, test } from "vitest";
import { connectionsThatFit } from "../../../src/server/open-files.ts";

test.for([
  [10_000, 1_048_576, undefined],
  [10_000, 20_256, undefined],
  [10_000, 20_000, 9_872],
  [10_000, 1_024, 384],
  [100, 1_024, undefined],
  [10, 64, 1],
] as const)("of %i connections with %i open files fit %s", ([wanted, limit, fitting]) => {
  expect(connectionsThatFit(wanted, limit)).toBe(fitting);
});
