/** What upstream listed is kept in pages, so that answers do not parse its documents; they never differ from these. */
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formatAgentName } from "../../../src/juju/agent.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { readKnownAgents } from "../../../src/upgrade/known-agents.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const first = await buildSampleTree(treeOf(["2.9.50", "3.6.26"], 9));
const second = await buildSampleTree({ ...treeOf(["2.9.50", "3.6.26", "3.6.27"], 8), key: first.key });
const upstream = await startUpstream({ tree: first });
const NOTE = "state/upstream-catalogue.json";

afterAll(() => upstream[Symbol.asyncDispose]());

function treeOf(releases: readonly string[], hours: number) {
  return {
    releases,
    arches: ["amd64"],
    oses: ["ubuntu"],
    streams: ["released", "proposed"],
    updatedAt: new Date(Date.now() - hours * 3_600_000),
  } as const;
}

/** Agents that upstream listed, and how many of its documents were read for that. */
async function listed(mirror: TestMirror): Promise<{ names: string[]; documents: number }> {
  const store = await openFsStore(mirror.data);
  let documents = 0;
  const known = await readKnownAgents({
    refs: store.refs,
    documents: {
      ...store.documents,
      get: (kind, name) => {
        if (kind === "upstream") documents += 1;
        return store.documents.get(kind, name);
      },
    },
  });
  // 2.9 has further series.
  return {
    names: (known.upstream ?? []).filter(({ release }) => release === "ubuntu").map(formatAgentName),
    documents,
  };
}

const named = (...versions: string[]) => versions.map((version) => `${version}-ubuntu-amd64`);

test("each sync keeps what upstream lists, also what no rule takes", async () => {
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released", versions: "2.9" }] });
  for (const [tree, names] of [
    [first, named("2.9.50", "3.6.26")],
    [second, named("2.9.50", "3.6.26", "3.6.27")],
  ] as const) {
    upstream.publish(tree);
    await mirror.sync();
    expect(await listed(mirror)).toEqual({ names, documents: 0 });
    await rm(join(mirror.data, NOTE));
    const parsed = await listed(mirror);
    expect(parsed.names).toEqual(names);
    expect(parsed.documents).toBeGreaterThan(0);
  }
});

test("pages that nothing but this note names outlive pruning, and go when upstream lists something else", async () => {
  upstream.publish(second);
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released", versions: "2.9" }] });
  await mirror.sync();
  const pages = await readdir(join(mirror.data, "catalogue"));
  expect(pages).toHaveLength(2);
  expect((await mirror.here("prune")).status).toBe(0);
  expect(await readdir(join(mirror.data, "catalogue"))).toEqual(pages);
  await rm(join(mirror.data, NOTE));
  expect((await mirror.here("prune")).status).toBe(0);
  expect(await readdir(join(mirror.data, "catalogue"))).toHaveLength(1);
});

const doubts: Record<string, (mirror: TestMirror) => Promise<void>> = {
  "the note is of other documents": async ({ data }) => {
    const path = join(data, "state/upstream-memory.json");
    await writeFile(path, `${(await readFile(path, "utf8")).trimEnd()}\n\n`);
  },
  "the note is damaged": ({ data }) => writeFile(join(data, NOTE), '{"format":'),
  "a page is missing": async ({ data }) => {
    const note = JSON.parse(await readFile(join(data, NOTE), "utf8")) as { pages: { sha256: string }[] };
    await rm(join(data, "catalogue", note.pages.at(-1)?.sha256 ?? ""));
  },
  "the note is of other rules": async ({ data }) => {
    const path = join(data, NOTE);
    await writeFile(path, (await readFile(path, "utf8")).replace(/"rules":\d+/, '"rules":1'));
  },
};

test.for(Object.keys(doubts))("upstream's documents are parsed when %s", async (doubt) => {
  upstream.publish(second);
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released", versions: "2.9" }] });
  await mirror.sync();
  await doubts[doubt]?.(mirror);
  const { names, documents } = await listed(mirror);
  expect(names).toEqual(named("2.9.50", "3.6.26", "3.6.27"));
  expect(documents).toBeGreaterThan(0);
});

test("nothing is kept while the accepted documents list more than the last run has read", async () => {
  upstream.publish(second);
  await using mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released" }, { stream: "proposed" }],
  });
  await mirror.sync();
  const both = await listed(mirror);
  expect(both.documents).toBe(0);
  await mirror.configure({ select: [{ stream: "released", versions: "2.9" }], retention: { maxRemoval: 1 } });
  await mirror.sync();
  const narrow = await listed(mirror);
  expect(narrow.names).toEqual(both.names);
  expect(narrow.documents).toBeGreaterThan(0);
});
