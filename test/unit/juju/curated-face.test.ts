import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import type { Agent } from "../../../src/juju/agent.ts";
import { buildCatalogue } from "../../../src/juju/catalogue.ts";
import { renderCuratedFace, type FaceDocument } from "../../../src/juju/curated-face.ts";
import { parseIndexFile, type IndexFile } from "../../../src/simplestreams/index-file.ts";
import { parseProductFile } from "../../../src/simplestreams/product-file.ts";
import { anAgent, RELEASED_AGENTS, RELEASED_TOOLS } from "../../helpers/agents.ts";

const OPTIONS = { snapshotId: "20261123T204800Z-1a2b3c4d", updatedAt: new Date("2026-11-23T20:48:00Z") };
const AGENTS = [
  anAgent("2.8.13-focal-amd64"),
  anAgent("2.9-rc7-focal-amd64"),
  anAgent("3.6.5-ubuntu-amd64", "released", "proposed"),
  anAgent("4.0-beta1-ubuntu-arm64", "devel"),
];

function textOf(documents: readonly FaceDocument[], path: string): string {
  const document = documents.find((one) => one.path === path);
  if (document === undefined)
    throw new Error(`${path} is not among ${documents.map((one) => one.path).join(" ")}`);
  return document.text;
}

function readIndex(documents: readonly FaceDocument[], name = "index2.json"): IndexFile {
  return parseIndexFile(textOf(documents, `streams/v1/${name}`), name);
}

/** The agents that a client would see which reads one index and follows it. */
function readFace(documents: readonly FaceDocument[], name?: string): readonly Agent[] {
  const files = [...readIndex(documents, name).entries.values()].map(
    ({ contentId, path }) => [contentId, parseProductFile(textOf(documents, path), path)] as const,
  );
  return buildCatalogue(new Map(files)).agents;
}

test("contract rule 1: publishes index2.json and a product file per content id, unsigned", () => {
  const paths = renderCuratedFace(AGENTS, OPTIONS).map(({ path }) => path);
  const usual = paths.filter((path) => !path.includes(OPTIONS.snapshotId));
  expect(usual).toEqual([
    "streams/v1/com.ubuntu.juju-devel-agents.json",
    "streams/v1/com.ubuntu.juju-proposed-agents.json",
    "streams/v1/com.ubuntu.juju-released-agents.json",
    "streams/v1/com.ubuntu.juju-released-tools.json",
    "streams/v1/com.ubuntu.juju:released:tools.json",
    "streams/v1/index2.json",
    "streams/v1/index.json",
  ]);
  expect(paths.filter((path) => path.endsWith(".sjson") || path.includes("mirrors"))).toEqual([]);
});

test("points the index at product files of the snapshot's own folder, equal to the usual ones", () => {
  const documents = renderCuratedFace(AGENTS, OPTIONS);
  for (const name of ["index2.json", "index.json"]) {
    for (const { path } of readIndex(documents, name).entries.values()) {
      expect(path).toContain(`streams/v1/${OPTIONS.snapshotId}/`);
      expect(textOf(documents, path)).toBe(textOf(documents, path.replace(`${OPTIONS.snapshotId}/`, "")));
    }
  }
});

test("contract rule 10: lists product files before the indexes that name them", () => {
  const paths = renderCuratedFace(AGENTS, OPTIONS).map(({ path }) => path);
  const firstIndex = paths.findIndex((path) => /\/index2?\.json$/.test(path));
  expect(paths.slice(firstIndex)).toEqual(["streams/v1/index2.json", "streams/v1/index.json"]);
});

test("contract rule 9: the index names exactly the products of each file, and no empty content id", () => {
  const documents = renderCuratedFace(AGENTS, OPTIONS);
  const { entries } = readIndex(documents);
  expect([...entries.keys()].sort()).toEqual([
    "com.ubuntu.juju:devel:agents",
    "com.ubuntu.juju:proposed:agents",
    RELEASED_AGENTS,
    RELEASED_TOOLS,
  ]);
  for (const { path, products, datatype, format } of entries.values()) {
    const file = JSON.parse(textOf(documents, path)) as { products: object };
    expect(products).toEqual(Object.keys(file.products));
    expect({ datatype, format }).toEqual({ datatype: "content-download", format: "products:1.0" });
  }
});

test("contract rule 8: every item says everything about itself, the size as a number", () => {
  const documents = renderCuratedFace(AGENTS, OPTIONS);
  const path = "streams/v1/com.ubuntu.juju-released-agents.json";
  const file = JSON.parse(textOf(documents, path)) as {
    products: Record<string, { versions: Record<string, unknown> }>;
  };
  expect(file.products["com.ubuntu.juju:ubuntu:amd64"]!.versions["20250410"]).toEqual({
    items: {
      "3.6.5-ubuntu-amd64": {
        arch: "amd64",
        ftype: "tar.gz",
        path: "agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
        release: "ubuntu",
        sha256: AGENTS[2]!.sha256,
        size: 50_001_142,
        version: "3.6.5",
      },
    },
  });
});

describe("contract rule 7: both families, and the legacy index for clients up to 1.20", () => {
  test("lists released tools with plain versions only", () => {
    const documents = renderCuratedFace(AGENTS, OPTIONS);
    expect([...readIndex(documents, "index.json").entries.keys()]).toEqual([RELEASED_TOOLS]);
    expect(readFace(documents, "index.json").map(({ version }) => version)).toEqual(["2.8.13"]);
  });

  test("is absent where there is nothing for them", () => {
    const without = [
      anAgent("2.9-rc7-focal-amd64"),
      anAgent("2.8.13-focal-amd64", "proposed"),
      anAgent("3.6.5-ubuntu-amd64"),
    ];
    const paths = renderCuratedFace(without, OPTIONS).map(({ path }) => path);
    expect(paths.filter((path) => path.endsWith("/index.json") || path.includes(":"))).toEqual([]);
  });
});

test("renders an empty mirror as an empty index", () => {
  const documents = renderCuratedFace([], OPTIONS);
  expect(documents.map(({ path }) => path)).toEqual(["streams/v1/index2.json"]);
  expect(readIndex(documents).entries.size).toBe(0);
});

const anyAgent = fc
  .tuple(
    fc.constantFrom("2.8.13", "2.9-rc7", "3.6.5", "3.6.5.1", "4.0-beta1"),
    fc.constantFrom("focal", "xenial", "centos7", "ubuntu", "kubernetes"),
    fc.constantFrom("amd64", "arm64"),
    fc.uniqueArray(fc.constantFrom("released", "proposed", "testing", "devel", "own"), { minLength: 1 }),
  )
  .map(([version, release, arch, streams]) => anAgent(`${version}-${release}-${arch}`, ...streams));
const anyAgents = fc.uniqueArray(anyAgent, {
  selector: ({ version, release, arch }) => `${version} ${release} ${arch}`,
  maxLength: 12,
});

property.prop([anyAgents])("shows a client exactly the agents it was made from", (agents) => {
  const read = readFace(renderCuratedFace(agents, OPTIONS));
  expect(sorted(read)).toEqual(sorted(agents));
});

property.prop([anyAgents])("gives the same bytes for the same agents in any order", (agents) => {
  expect(renderCuratedFace(agents.toReversed(), OPTIONS)).toEqual(renderCuratedFace(agents, OPTIONS));
});

function sorted(agents: readonly Agent[]): Agent[] {
  return agents.map(withSortedListings).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function withSortedListings(agent: Agent): Agent {
  return { ...agent, listings: agent.listings.toSorted((a, b) => (a.contentId < b.contentId ? -1 : 1)) };
}

function keyOf({ version, release, arch }: Agent): string {
  return `${version} ${release} ${arch}`;
}
