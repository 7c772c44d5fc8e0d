import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { JAM } from "./program.ts";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import type { Figure } from "./figure.ts";
import { HASH } from "./openssl.ts";
import { measure } from "./process.ts";

const TARBALLS = 12;
const SIZE = 60_000_000;
const ROUNDS = 3;

/** `jam verify --deep` over tarballs in the page cache, in turns with two `openssl` that share the same files. */
export async function benchVerify(): Promise<Figure[]> {
  await using store = await temporaryStore();
  const agents = Array.from({ length: TARBALLS }, (_, at) => ({
    version: `3.6.${at}`,
    size: SIZE,
    seed: at + 1,
  }));
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
    rounds.push({ ratio: peerMs / wallMs, bytesPerSecond: (TARBALLS * SIZE * 1000) / wallMs });
  }
  const { ratio, bytesPerSecond } = rounds.toSorted((a, b) => a.ratio - b.ratio)[1] ?? {
    ratio: 0,
    bytesPerSecond: 0,
  };
  return [
    {
      what: `\`jam verify --deep\`, ${TARBALLS} × 60 MB`,
      value: `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`,
      peer: "`openssl dgst -sha256`, two at a time",
      result: `${ratio.toFixed(2)} × its speed`,
      aim: "≥ 0.9 ×",
      isMet: ratio >= 0.9,
    },
  ];
}

async function hashTwoAtATime(files: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const halves = [files.filter((_, at) => at % 2 === 0), files.filter((_, at) => at % 2 === 1)];
  const [hash = "", ...flags] = HASH.split(" ");
  const children = halves.map((half) => spawn(hash, [...flags, ...half], { stdio: "ignore" }));
  await Promise.all(children.map((child) => once(child, "exit")));
  return performance.now() - startedAt;
}
