import { describe, expect, test } from "vitest";
import { parseInventory } from "../../../src/bundle/format/inventory.ts";
import { parseReceipt } from "../../../src/bundle/format/receipt.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { parsePlan } from "../../../src/upgrade/plan/plan-document.ts";

const AT = "2026-11-27T20:15:00.000Z";
const rows = (count: number) => Array.from({ length: count }, () => ({}));
const name = "file.json";

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isJamError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return "taken";
}

describe("names the first fault of a list and looks no further:", () => {
  test.for<[what: string, read: () => unknown, refusal: string]>([
    [
      "a plan of 100 000 empty hops",
      () =>
        parsePlan({
          name,
          text: JSON.stringify({
            format: "jam-plan:1",
            createdAt: AT,
            stream: "released",
            streams: ["released"],
            controllers: [],
            hops: rows(100_000),
          }),
        }),
      "JAM_PLAN_INVALID file.json has a fault at hops.0.",
    ],
    [
      "an inventory of 100 000 empty tarballs",
      () =>
        parseInventory(
          {
            format: "jam-inventory:1",
            kind: "mirror",
            createdAt: AT,
            snapshot: null,
            tarballs: rows(100_000),
            documents: [],
            bundles: [],
          },
          name,
        ),
      "JAM_INVENTORY_INVALID file.json has a fault at tarballs/0/sha256",
    ],
    [
      "an inventory of 100 001 versions",
      () =>
        parseInventory(
          { format: "jam-inventory:1", kind: "fleet", createdAt: AT, versions: rows(100_001) },
          name,
        ),
      "JAM_INVENTORY_INVALID file.json has a fault at versions: expected a list of 1 to 100000",
    ],
    [
      "a receipt whose 20 000 lines are numbers",
      () =>
        parseReceipt({
          name,
          text: JSON.stringify({
            format: "jam-receipt:1",
            site: "plant-7",
            createdAt: AT,
            snapshot: null,
            bundles: [],
            held: [{ bundle: null, contents: Array(20_000).fill(1) }],
            agents: 1,
            bytes: 1,
          }),
        }),
      "JAM_RECEIPT_INVALID file.json has a fault at held/0/contents/0",
    ],
  ])("%s", ([, read, expected]) => {
    expect(refusal(read)).toContain(expected);
  });
});
