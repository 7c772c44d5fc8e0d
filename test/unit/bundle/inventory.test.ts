import { describe, expect, test } from "vitest";
import {
  formatInventory,
  parseInventory,
  type Inventory,
  type MirrorInventory,
} from "../../../src/bundle/format/inventory.ts";
import { readSiteInventory } from "../../../src/bundle/site/site-inventory.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { parseJsonObject } from "../../../src/simplestreams/json-text.ts";
import {
  anyArch,
  anyBundle,
  anyHash,
  anyInstant,
  anySite,
  anyVersion,
  bundleOf,
  hashOf,
  SNAPSHOT,
} from "../../helpers/contents.ts";
import { fc, test as property } from "../../helpers/property.ts";

const verify = () => Promise.reject(new Error("no signature is asked for"));

async function failureOf(text: string): Promise<{ code: string; message: string }> {
  const error: unknown = await readSiteInventory({ name: "inventory.json", text }, { verify }).catch(
    (e: unknown) => e,
  );
  if (!isJamError(error)) throw new Error("was accepted", { cause: error });
  return { code: error.code, message: error.message };
}

const aMirror: MirrorInventory = {
  format: "jam-inventory:1",
  kind: "mirror",
  createdAt: "2026-11-27T20:15:00.000Z",
  site: "plant-7",
  snapshot: SNAPSHOT,
  tarballs: [
    { sha256: hashOf(1), size: 10, agents: ["3.6.5-ubuntu-amd64"], bundle: bundleOf(1) },
    { sha256: hashOf(2), size: 11, agents: ["2.8.13-focal-arm64", "2.8.13-jammy-arm64"] },
  ],
  documents: [{ sha256: hashOf(3), bundle: bundleOf(1) }],
  bundles: [
    { id: bundleOf(1), createdAt: "2026-11-01T20:15:00.000Z", importedAt: "2026-11-02T08:00:00.000Z" },
  ],
};

const anyMirror: fc.Arbitrary<Inventory> = fc
  .record({
    createdAt: anyInstant,
    site: fc.option(anySite, { nil: undefined }),
    snapshot: fc.constantFrom(SNAPSHOT, null),
    bundles: fc.uniqueArray(anyBundle, { maxLength: 5 }),
    rows: fc.array(fc.tuple(anyHash, fc.integer({ min: 1, max: 2 ** 40 }), anyVersion, anyArch, fc.nat())),
  })
  .map(({ createdAt, site, snapshot, bundles, rows }) => {
    const broughtBy = (number: number) => {
      const bundle = bundles[number % 7];
      return bundle === undefined ? {} : { bundle };
    };
    return {
      format: "jam-inventory:1",
      kind: "mirror",
      createdAt,
      ...(site === undefined ? {} : { site }),
      snapshot,
      tarballs: rows.map(([sha256, size, version, arch, number]) => ({
        sha256,
        size,
        agents: [`${version}-ubuntu-${arch}`],
        ...broughtBy(number),
      })),
      documents: rows.map(([sha256, , , , number]) => ({ sha256, ...broughtBy(number) })),
      bundles: bundles.map((id) => ({ id, createdAt, importedAt: createdAt })),
    };
  });

const anyFleet: fc.Arbitrary<Inventory> = fc.record({
  format: fc.constant("jam-inventory:1" as const),
  kind: fc.constant("fleet" as const),
  createdAt: anyInstant,
  versions: fc.array(
    fc
      .tuple(anyVersion, anyArch, fc.constantFrom("ubuntu", "focal", undefined))
      .map(([version, arch, release]) => ({ version, arch, ...(release === undefined ? {} : { release }) })),
    { minLength: 1 },
  ),
});

property.prop([fc.oneof(anyMirror, anyFleet)])("an inventory is read as it was written", (inventory) => {
  const text = formatInventory(inventory);
  expect(parseInventory(parseJsonObject(text, "i.json"), "i.json")).toEqual(inventory);
  expect(formatInventory(parseInventory(parseJsonObject(text, "i.json"), "i.json"))).toBe(text);
});

property.prop([fc.json()])("whatever else is JSON is refused by its own code", async (json) => {
  expect((await failureOf(json)).code).toBe("JAM_INVENTORY_INVALID");
});

property.prop([fc.nat(), fc.string({ minLength: 1, maxLength: 3 })])(
  "no damage to an inventory does anything but refuse it or keep it valid",
  async (place, damage) => {
    const text = formatInventory(aMirror);
    const at = place % text.length;
    const damaged = `${text.slice(0, at)}${damage}${text.slice(at + damage.length)}`;
    const outcome = await readSiteInventory({ name: "i.json", text: damaged }, { verify }).catch(
      (e: unknown) => e,
    );
    if (outcome instanceof Error) expect(isJamError(outcome, "JAM_INVENTORY_INVALID")).toBe(true);
  },
);

describe("what is wrong is said with file and place", () => {
  const edited = (changes: object) => JSON.stringify({ ...aMirror, ...changes });
  const [tarball] = aMirror.tarballs;

  test.for([
    ["an empty file", "", "inventory.json is not an inventory or receipt of jam: it is empty"],
    ["a page of HTML", "<html>", 'it starts with "<html>"'],
    ["a file that was cut off", formatInventory(aMirror).slice(0, 200), "inventory.json: not valid JSON"],
    ["another document", '{"format":"jam-plan:1"}', "neither an inventory nor a receipt"],
    [
      "a newer format",
      edited({ format: "jam-inventory:2" }),
      "has the format jam-inventory:2; this jam reads jam-inventory:1",
    ],
    ["a key twice", '{"format":"jam-inventory:1","format":"jam-inventory:1"}', '"format" appears twice'],
    ["__proto__", '{"format":"jam-inventory:1","__proto__":{}}', '"__proto__" is not allowed'],
    ["an unknown kind", edited({ kind: "site" }), "has a fault at kind"],
    ["an unknown field", edited({ host: "mirror-1" }), "Unrecognized key"],
    ["a hash in capitals", edited({ documents: [{ sha256: "A".repeat(64) }] }), "documents/0/sha256"],
    ["a size of nothing", edited({ tarballs: [{ ...tarball, size: 0 }] }), "tarballs/0/size"],
    ["a size with a fraction", edited({ tarballs: [{ ...tarball, size: 1.5 }] }), "tarballs/0/size"],
    ["a name that is none", edited({ tarballs: [{ ...tarball, agents: ["../x"] }] }), "tarballs/0/agents/0"],
    [
      "a bundle that is not listed",
      edited({ bundles: [] }),
      "tarballs/0/bundle: it is not one of the listed bundles",
    ],
    ["a site with a path", edited({ site: "../plant" }), "has a fault at site"],
    ["no time", edited({ createdAt: "yesterday" }), "has a fault at createdAt"],
    ["too many bundles", edited({ bundles: Array(501).fill(aMirror.bundles[0]) }), "has a fault at bundles"],
    [
      "too many rows",
      edited({ documents: Array.from({ length: 100_001 }, () => ({ sha256: hashOf(1) })) }),
      "has a fault at documents",
    ],
    [
      "a fleet of nothing",
      '{"format":"jam-inventory:1","kind":"fleet","createdAt":"2026-11-27T20:15:00Z","versions":[]}',
      "has a fault at versions",
    ],
  ] as const)("%s", async ([, text, message]) => {
    const failure = await failureOf(text);
    expect(failure.code).toBe("JAM_INVENTORY_INVALID");
    expect(failure.message).toContain(message);
  });

  test("a text of more than 32 MiB", async () => {
    const { code, message } = await failureOf(`{"format":"${"x".repeat(33 * 2 ** 20)}"}`);
    expect(code).toBe("JAM_INVENTORY_INVALID");
    expect(message).toContain("longer than 33554432 characters");
  });
});

test("a byte order mark of an editor does no harm", async () => {
  const text = `\u{feff}${formatInventory(aMirror)}`;
  const have = await readSiteInventory({ name: "i.json", text }, { verify });
  expect(have.describe).toBe("the inventory of plant-7 of 2026-11-27");
});
