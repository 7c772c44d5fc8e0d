import { JAM } from "./program.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSampleUpstream } from "../test/peers/sample-upstream/server.ts";
import { buildSampleTree } from "../test/peers/sample-upstream/tree.ts";
import { compareWithNode } from "./against-node.ts";
import type { Figure } from "./figure.ts";
import { measure } from "./process.ts";

const ROUNDS = 15;
const AIM = 2.5;

/** Start-up: `jam --version` and `jam list` against `node -e 0`, in turn, the median of the ratios. */
export async function benchStart(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-start-"));
  try {
    await prepare(folder);
    const figures: Figure[] = [];
    for (const argv of [["--version"], ["list"]]) figures.push(await compare(argv, folder));
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(folder: string): Promise<void> {
  const tree = await buildSampleTree({});
  await using upstream = await startSampleUpstream({ tree });
  await writeFile(join(folder, "key.asc"), tree.key.publicKeyArmored);
  await writeFile(
    join(folder, "jam.yaml"),
    `version: 1\nupstreams:\n  - { name: sample, url: ${upstream.url}, keyring: key.asc }\nselect:\n  - { stream: released }\n`,
  );
  const { status, stderr } = await measure(process.execPath, [JAM, "sync", "--quiet"], { cwd: folder });
  if (status !== 0) throw new Error(stderr);
}

async function compare(argv: readonly string[], cwd: string): Promise<Figure> {
  const { wallMs, ratio } = await compareWithNode(argv, cwd, { rounds: ROUNDS, warmUps: 2 });
  return {
    what: `\`jam ${argv.join(" ")}\``,
    value: `${wallMs.toFixed(0)} ms`,
    peer: "`node -e 0`",
    result: `${ratio.toFixed(2)} × its time`,
    aim: `≤ ${AIM} ×`,
    isMet: ratio <= AIM,
  };
}
