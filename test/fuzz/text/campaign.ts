import { setImmediate as nextTurn } from "node:timers/promises";
import { isJamError, reportError } from "../../../src/shared/errors.ts";
import type { Random } from "../../helpers/random.ts";
import { runMutants, type CampaignReport, type RunRange } from "../campaign.ts";
import { mutateTree, printTree, treeOf, type Tree } from "./json-tree.ts";
import { mutateText, splice } from "./mutate-text.ts";
import { makeReaders, type Reader } from "./readers.ts";
import { makeSeeds } from "./seeds.ts";

export interface TextCampaign extends RunRange {
  /** Only these readers. Default all. */
  readonly only?: readonly string[];
  readonly onFailure?: (failure: Failure) => void | Promise<void>;
}

/** A text that caused faults, and its reader. */
export interface Failure {
  readonly run: number;
  readonly reader: Reader["name"];
  readonly text: string;
  readonly faults: readonly string[];
}

export interface TextCampaignReport extends CampaignReport {
  /** The slowest run of each reader, in milliseconds of processor time. */
  readonly slowest: Readonly<Record<string, number>>;
}

/** Milliseconds of processor time that one text may take. */
export const RUN_LIMIT_MS = 1_000;

/** Bytes that the process may take. */
const RSS_LIMIT = 800 * 2 ** 20;

/** Characters of one text; a few mutants grow to it, most stay small. */
const MAX_CHARACTERS = 2 * 2 ** 20;
const SMALL_GROWTH = 300;
const LARGE_GROWTH = 200_000;
const LARGE_SHARE = 0.01;

/** An error's report is bounded, whatever was read. */
const MAX_REPORT = 2 ** 20;

/** Makes mutants of valid documents and passes each to its reader. */
export async function runCampaign({ only, onFailure, ...runs }: TextCampaign): Promise<TextCampaignReport> {
  const now = new Date();
  const readers = (await makeReaders(await makeSeeds(now), now)).filter(
    ({ name }) => only === undefined || only.includes(name),
  );
  const slowest: Record<string, number> = {};
  const report = await runMutants<Pick<Failure, "reader" | "text">>(runs, {
    rssLimit: RSS_LIMIT,
    tryMutant: async (random, run) => {
      // Messages, rejections and timers get their turn.
      if (run % 100 === 0) await nextTurn();
      const reader = chooseReader(readers, random);
      const text = makeMutant(reader, readers, random);
      const { code, faults, ms } = await readMutant(reader, text);
      slowest[reader.name] = Math.max(slowest[reader.name] ?? 0, Math.round(ms));
      return { mutant: { reader: reader.name, text }, name: `${reader.name} ${code}`, faults };
    },
    onFailure: ({ run, mutant, faults }) => onFailure?.({ run, ...mutant, faults }),
  });
  return { ...report, slowest };
}

function chooseReader(readers: readonly Reader[], random: Random): Reader {
  let ticket = (random.below(2 ** 30) / 2 ** 30) * readers.reduce((sum, { share }) => sum + share, 0);
  return readers.find(({ share }) => (ticket -= share) < 0) ?? (readers[0] as Reader);
}

/** Trees of the seeds that are JSON; undefined for others. */
const trees = new Map<string, Tree | undefined>();

function makeMutant(reader: Reader, readers: readonly Reader[], random: Random): string {
  const seed = random.pick(reader.seeds);
  const most = random.chance(LARGE_SHARE) ? LARGE_GROWTH : SMALL_GROWTH;
  const tree = treeOfText(seed);
  let text = seed;
  if (tree !== undefined && random.chance(0.7)) {
    let mutant = tree;
    for (let left = random.pick([1, 1, 2, 3]); left > 0; left -= 1)
      mutant = mutateTree(mutant, random, { most });
    text = printTree(mutant, {
      indent: random.pick(["", " ", "  ", "\t"]),
      escapesKeys: random.chance(0.05),
      maxCharacters: MAX_CHARACTERS,
    });
    if (random.chance(0.1)) text = mutateText(text, random, most);
  } else if (random.chance(0.06)) {
    text = splice(seed, random.pick(random.pick(readers).seeds), random);
  } else text = mutateText(seed, random, most);
  return text.slice(0, MAX_CHARACTERS);
}

function treeOfText(text: string): Tree | undefined {
  if (!trees.has(text)) {
    try {
      const value: unknown = JSON.parse(text);
      trees.set(text, typeof value === "object" && value !== null ? treeOf(value) : undefined);
    } catch {
      trees.set(text, undefined);
    }
  }
  return trees.get(text);
}

interface Outcome {
  /** The code it was refused with, or `taken`. */
  readonly code: string;
  readonly faults: readonly string[];
  readonly ms: number;
}

/** Reads a text and says what came of it. */
export async function readMutant(reader: Reader, text: string): Promise<Outcome> {
  const before = process.cpuUsage();
  const faults: string[] = [];
  let code = "taken";
  try {
    await reader.read(text);
  } catch (error) {
    code = isJamError(error) ? error.code : "none";
    faults.push(...faultsOfError(error));
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  if (ms > RUN_LIMIT_MS) faults.push(`it takes ${Math.round(ms)} ms`);
  return { code, faults, ms };
}

function faultsOfError(error: unknown): string[] {
  if (!isJamError(error) || error.code === "JAM_INTERNAL") {
    return [
      `not refused but broken: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ];
  }
  const { length } = JSON.stringify(reportError(error));
  return length > MAX_REPORT ? [`its error has ${length} characters`] : [];
}
