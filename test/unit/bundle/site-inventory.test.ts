import { expect, test } from "vitest";
import { formatInventory } from "../../../src/bundle/format/inventory.ts";
import { behindOf } from "../../../src/bundle/site/list-sites.ts";
import {
  baselineOf,
  readSiteInventory,
  type SiteInventory,
} from "../../../src/bundle/site/site-inventory.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { anAgent } from "../../helpers/agents.ts";
import { anyBundle, anyHash, bundleOf, hashOf } from "../../helpers/contents.ts";
import { fc, test as property } from "../../helpers/property.ts";

const verify = () => Promise.reject(new Error("no signature is asked for"));

const holding = (held: ReadonlyMap<Sha256, string | undefined>): SiteInventory => ({
  describe: "a test",
  createdAt: "2026-11-27T20:15:00.000Z",
  isHeld: (sha256) => held.has(sha256),
  bundleOf: (sha256) => held.get(sha256),
});

test("a baseline names what is held, by the bundle that brought it", () => {
  const have = holding(
    new Map([
      [hashOf(1), bundleOf(9)],
      [hashOf(2), bundleOf(3)],
      [hashOf(3), undefined],
      [hashOf(4), bundleOf(9)],
    ]),
  );
  const contents = [5, 4, 3, 2, 1, 1].map(hashOf);
  expect(baselineOf(contents, have)).toEqual([
    { bundle: bundleOf(3), contents: [hashOf(2)] },
    { bundle: bundleOf(9), contents: [hashOf(1), hashOf(4)].sort() },
    { contents: [hashOf(3)] },
  ]);
});

property.prop([fc.array(anyHash), fc.array(fc.tuple(anyHash, fc.option(anyBundle, { nil: undefined })))])(
  "a baseline is what is wanted and held, each once, in one order",
  (contents, held) => {
    const have = holding(new Map(held));
    const baseline = baselineOf(contents, have);
    const named = baseline.flatMap((group) => group.contents);
    expect(named.toSorted()).toEqual([...new Set(contents)].filter(have.isHeld).sort());
    expect(baselineOf(contents.toReversed(), have)).toEqual(baseline);
  },
);

test("a fleet's inventory holds nothing, but says what is in use", async () => {
  const versions = [{ version: "3.6.5", arch: "arm64", release: "ubuntu" }];
  const text = formatInventory({
    format: "jam-inventory:1",
    kind: "fleet",
    createdAt: "2026-11-27T20:15:00.000Z",
    versions,
  });
  const have = await readSiteInventory({ name: "fleet.json", text }, { verify });
  expect(have).toMatchObject({
    fleet: versions,
    describe: "what the fleet of fleet.json runs, of 2026-11-27",
  });
  expect(have.isHeld(hashOf(1))).toBe(false);
  expect(baselineOf([hashOf(1)], have)).toEqual([]);
});

test("a side is behind by the versions, agents and distinct tarballs that it lacks", () => {
  const agents = ["3.6.5-ubuntu-amd64", "2.8.13-focal-amd64", "2.8.13-jammy-amd64", "2.8.13-jammy-arm64"].map(
    (name) => anAgent(name),
  );
  const size = agents[0]?.size ?? 0;
  expect(behindOf({ agents }, holding(new Map()))).toEqual({ versions: 2, agents: 4, bytes: 3 * size });
  const have = holding(new Map(agents.slice(0, 1).map(({ sha256 }) => [sha256, undefined])));
  expect(behindOf({ agents }, have)).toEqual({ versions: 1, agents: 3, bytes: 2 * size });
  expect(behindOf(undefined, have)).toEqual({ versions: 0, agents: 0, bytes: 0 });
});
