/** The word that the random walk prints of a walk that failed leads to the same walk. */
import { expect } from "vitest";
import { fc, test } from "../../helpers/property.ts";
import { operation } from "../../walk/operations.ts";
import { formatReplay, parseReplay } from "../../walk/replay.ts";

const settings = { keep: 2, retention: { snapshots: 1, grace: "PT0S" }, channels: "delayed" } as const;

test.prop([fc.array(operation)])(
  "a printed walk is read with its settings and every operation",
  (operations) => {
    const word = formatReplay({ settings, operations });
    expect(word).toMatch(/^[\w-]+$/);
    expect(parseReplay(word)).toEqual({ settings, operations });
  },
);

test("a word that is cut off is no other walk", () => {
  const word = formatReplay({ settings, operations: [{ kind: "upstream" }] });
  expect(() => parseReplay(word.slice(0, -8))).toThrow();
});
