import { expect, test } from "vitest";
import { affectedBy, describeAffected } from "../../../src/bundle/format/bundle-faults.ts";
import { neededPlaces } from "../../../src/bundle/import/import-work.ts";
import { bundleOf, hashOf, SNAPSHOT } from "../../helpers/contents.ts";

const document = (index: number) => ({
  path: `streams/v1/${index}`,
  url: "x",
  sha256: hashOf(index),
  size: 1,
});
const MANIFEST = {
  catalogue: [
    { path: "b", size: 1, sha256: hashOf(2), agents: ["b1", "b2", "b3"] },
    { path: "a", size: 1, sha256: hashOf(1), agents: ["a1"] },
    { path: "c", size: 1, sha256: hashOf(2), agents: ["c1", "c2"] },
  ],
  proofs: [
    { name: "x", url: "x", verified: true, documents: [document(8), document(7)] },
    { name: "y", url: "y", verified: true, documents: [document(7)] },
  ],
};

test("names the agents and documents of contents in the manifest's order, each document once", () => {
  expect(affectedBy(MANIFEST, new Set([hashOf(1), hashOf(7), hashOf(2), hashOf(8)]))).toEqual({
    agents: ["b1", "b2", "b3", "a1", "c1", "c2"],
    documents: ["streams/v1/8", "streams/v1/7"],
  });
  expect(affectedBy(MANIFEST, new Set([hashOf(9)]))).toEqual({ agents: [], documents: [] });
});

test("names so many agents and counts the others, also in words", () => {
  const affected = affectedBy(MANIFEST, new Set([hashOf(1), hashOf(2)]), 4);
  expect(affected).toEqual({ agents: ["b1", "b2", "b3", "a1"], documents: [], omitted: { agents: 2 } });
  expect(describeAffected(affected, 3)).toBe("b1, b2, b3 and 3 more");
});

test("a content in ten thousand volumes with a hundred thousand agents is told of in each", () => {
  const agents = Array.from({ length: 100_000 }, (_, index) => `3.6.${index}-ubuntu-amd64`);
  const manifest = { ...MANIFEST, catalogue: [{ path: "a", size: 1, sha256: hashOf(1), agents }] };
  let named = 0;
  for (let volume = 0; volume < 10_000; volume++)
    named += affectedBy(manifest, new Set([hashOf(1)]), 100).agents.length;
  expect(named).toBe(1_000_000);
});

test("says where all that is missing is, each place once", () => {
  const missing = Array.from({ length: 3000 }, (_, index) => ({
    sha256: hashOf(index),
    size: 1,
    path: `${index}`,
    agents: [],
    ...(index % 3 === 0 ? { bundle: bundleOf(1), volumes: [1 + (index % 7)] } : {}),
    ...(index % 3 === 1 ? { bundle: bundleOf(2) } : {}),
    ...(index % 3 === 2 ? { snapshot: SNAPSHOT } : {}),
  }));
  expect(neededPlaces(missing)).toEqual([
    { bundle: bundleOf(1), volumes: [1, 2, 3, 4, 5, 6, 7] },
    { bundle: bundleOf(2) },
    { snapshot: SNAPSHOT },
  ]);
});
