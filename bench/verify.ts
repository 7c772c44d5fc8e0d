import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { JAM } from "./program.ts";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import type { Figure } from "./figure.ts";
import { HASH } from "./openssl.ts";
import { measure, median } from "./process.ts";

const ROUNDS = 3;

/** The start of the program counts: for few tarballs it is a large part, for a whole mirror a small one. */
const SETS = [
  { tarballs: 12, size: 60_000_000, named: "12 × 60 MB" },
  { tarballs: 40, size: 60_000_000, named: "40 × 60 MB" },
  { tarballs: 2000, size: 1_000_000, named: "2000 × 1 MB" },
] as const;

/** `jam verify --deep` over tarballs in the page cache, in turns with two `openssl` that share the same files. */
export async function benchVerify(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const set of SETS) figures.push(await benchSet(set));
  return figures;
}

async function benchSet({ tarballs, size, named }: (typeof SETS)[number]): Promise<Figure> {
  await using store = await temporaryStore();
  const agents = Array.from({ length: tarballs }, (_, at) => ({ version: `3.6.${at}`, size, seed: at + 1 }));
  await publisher(store)({ agents });
  const folder = join(store.path, "blobs/sha256");
  const names = readdirSync(folder, { recursive: true }).map(String);
  const files = names.filter((name) => name.length > 60).map((name) => join(folder, name));
  const rounds: { ratio: number; bytesPerSecond: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const peerMs = await hashTwoAtATime(files);
    const argv = [JAM, "verify", "--deep", "--quiet", "--data", store.path];
    const { wallMs, status, stderr } = await measure(process.execPath, argv);
    if (status !== 0) throw new Error(stderr);
    rounds.push({ ratio: peerMs / wallMs, bytesPerSecond: (tarballs * size * 1000) / wallMs });
  }
  const ratio = median(rounds.map((round) => round.ratio));
  const bytesPerSecond = median(rounds.map((round) => round.bytesPerSecond));
  return {
    what: `\`jam verify --deep\`, ${named}`,
    value: `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`,
    peer: "`openssl dgst -sha256`, two at a time",
    result: `${ratio.toFixed(2)} × its speed`,
    aim: "≥ 0.9 ×",
    isMet: ratio >= 0.9,
  };
}

async function hashTwoAtATime(files: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const halves = [files.filter((_, at) => at % 2 === 0), files.filter((_, at) => at % 2 === 1)];
  const [hash = "", ...flags] = HASH.split(" ");
  const children = halves.map((half) => spawn(hash, [...flags, ...half], { stdio: "ignore" }));
  await Promise.all(children.map((child) => once(child, "exit")));
  return performance.now() - startedAt;
}
