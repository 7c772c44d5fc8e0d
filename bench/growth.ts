import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDocuments } from "../test/peers/sample-upstream/documents.ts";
import { startSampleUpstream } from "../test/peers/sample-upstream/server.ts";
import { buildSampleTree, SampleTree, signedPath, signText } from "../test/peers/sample-upstream/tree.ts";
import { benchCommands } from "./growth-commands.ts";
import { memoryFigure, type Figure } from "./figure.ts";
import { median, type ProcessFigures } from "./process.ts";
import { sync, writeSettings } from "./sample-mirror.ts";

/** On four architectures each: ten thousand agents in 2,500 folders. */
const VERSIONS = Array.from({ length: 2500 }, (_, at) => `3.${1 + Math.floor(at / 420)}.${at % 420}`);
/** Versions that come one by one, each on one architecture. */
const EARLIER = 20;
const MEASURED = 5;
const NEW = Array.from({ length: EARLIER + MEASURED }, (_, at) => `4.0.${at}`);
const MAX_ENTRIES = 60;
const MAX_MS = 1000;

/** A mirror of ten thousand agents that gets one more, with twenty earlier snapshots within the grace period. */
export async function benchGrowth(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-growth-"));
  try {
    const all = await buildSampleTree({
      releases: [...VERSIONS, ...NEW],
      streams: ["released"],
      oses: ["ubuntu"],
      families: ["agents"],
      tarballBytes: 600,
    });
    await using upstream = await startSampleUpstream({ tree: await firstOf(all, 0) });
    await writeFile(join(folder, "key.asc"), all.key.publicKeyArmored);
    await writeSettings(folder, upstream.url);
    await sync(folder);
    const runs: (ProcessFigures & { readonly entries: number })[] = [];
    for (let count = 1; count <= NEW.length; count += 1) {
      upstream.publish(await firstOf(all, count));
      const before = countEntries(folder);
      const figures = await sync(folder);
      if (count > EARLIER) runs.push({ ...figures, entries: countEntries(folder) - before });
    }
    return [...figuresOf(runs), ...(await benchCommands(folder))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function figuresOf(runs: readonly (ProcessFigures & { readonly entries: number })[]): Figure[] {
  const wallMs = median(runs.map((run) => run.wallMs));
  const entries = Math.max(...runs.map((run) => run.entries));
  const peak = Math.max(...runs.map((run) => run.peakRss));
  return [
    {
      what: `Sync that brings one agent to 10,000, ${EARLIER} earlier snapshots`,
      value: `${(wallMs / 1000).toFixed(2)} s`,
      peer: "–",
      result: `${(wallMs / 1000).toFixed(2)} s`,
      aim: "≤ 1 s",
      isMet: wallMs <= MAX_MS,
    },
    memoryFigure(peak),
    {
      what: "… directory entries added",
      value: String(entries),
      peer: "12,500 with a hard link for each tarball",
      result: String(entries),
      aim: `≤ ${MAX_ENTRIES}`,
      isMet: entries <= MAX_ENTRIES,
    },
  ];
}

/** The tree with the first `count` of the new versions. */
async function firstOf(all: SampleTree, count: number): Promise<SampleTree> {
  const absent = new Set(NEW.slice(count));
  const listings = all.listings.filter(
    ({ version, arch }) => !absent.has(version) && (arch === "amd64" || !NEW.includes(version)),
  );
  const now = new Date(Date.now() - (NEW.length - count) * 1000);
  const documents = new Map<string, Buffer>();
  for (const [path, text] of buildDocuments(listings, now)) {
    documents.set(path, Buffer.from(text));
    documents.set(signedPath(path), Buffer.from(await signText(path, text, all.key, now)));
  }
  return new SampleTree({ documents, items: all.items, listings, key: all.key, now });
}

function countEntries(folder: string): number {
  const found = execFileSync("find", [join(folder, "mirror-data")], { maxBuffer: 64 * 1024 * 1024 });
  return found.toString().split("\n").length;
}
