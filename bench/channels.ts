import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JAM } from "./program.ts";
import { ChannelMirror } from "./channel-mirror.ts";
import { memoryFigure, type Figure } from "./figure.ts";
import { measure, median, type ProcessFigures } from "./process.ts";

const SNAPSHOTS = 500;
const AGENTS = 5_000;
const ROUNDS = 5;
const MAX_MS = 2_000;
const MAX_PROMOTION_MS = 200;
const MAX_RSS = 250e6;

/** Snapshots and channels in a mirror of 500 snapshots with 5,000 agents each: complete processes. */
export async function benchChannels(): Promise<Figure[]> {
  await using mirror = await ChannelMirror.make(SNAPSHOTS, AGENTS);
  const jam = (...argv: string[]) => runJam(mirror.path, argv);
  const start = await runs(() => jam("--version"));
  const { id } = await mirror.publishNext();
  await jam("channel", "create", "lab", "--from", "mirror");
  const promote = (name: string) => jam("channel", "promote", name, "--reason", "bench");
  const first = await runs(async (round) => {
    await jam("channel", "create", `first-${round}`, "--from", "mirror");
    return promote(`first-${round}`);
  });
  await promote("lab");
  const later = await runs(async () => {
    await mirror.publishNext();
    return promote("lab");
  });
  const figures = [
    row("`jam --version`: the start alone", start, Number.POSITIVE_INFINITY),
    row("`jam snapshot list`", await runs(() => jam("snapshot", "list"))),
    row("`jam snapshot diff`", await runs(() => jam("snapshot", "diff", id, "current"))),
    row("`jam channel list`", await runs(() => jam("channel", "list"))),
    row("`jam channel promote`, the first of a channel", first),
    row("`jam channel promote`, one agent more", later, MAX_PROMOTION_MS),
    row(
      "`jam channel rollback`",
      await runs(() => jam("channel", "rollback", "lab", "--reason", "bench"), 3),
    ),
  ];
  const settings = join(mirror.path, "jam.yaml");
  await writeFile(settings, `version: 1\ndata: ${mirror.path}\nretention: { snapshots: ${SNAPSHOTS / 2} }\n`);
  const dry = await runs(() => jam("prune", "--config", settings, "--dry-run"), 3);
  const prune = await runs(() => jam("prune", "--config", settings), 1);
  return [
    ...figures,
    row("`jam prune --dry-run` that drops half of them", dry),
    row("`jam prune` that drops half of them", prune),
  ].flat();
}

async function runJam(data: string, argv: readonly string[]): Promise<ProcessFigures> {
  const figures = await measure(process.execPath, [JAM, ...argv, "--quiet", "--data", data]);
  if (figures.status !== 0) throw new Error(`jam ${argv.join(" ")}: ${figures.stderr}`);
  return figures;
}

async function runs(
  act: (round: number) => Promise<ProcessFigures>,
  rounds = ROUNDS,
): Promise<ProcessFigures[]> {
  const all: ProcessFigures[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await act(round));
  return all;
}

function row(what: string, all: readonly ProcessFigures[], aimMs = MAX_MS): Figure[] {
  const wallMs = median(all.map((run) => run.wallMs));
  const cpuMs = median(all.map((run) => run.cpuMs));
  const peak = Math.max(...all.map((run) => run.peakRss));
  return [
    {
      what: `${what}, ${SNAPSHOTS} × ${AGENTS}`,
      value: `${wallMs.toFixed(0)} ms, CPU ${cpuMs.toFixed(0)} ms`,
      peer: "–",
      result: `${wallMs.toFixed(0)} ms`,
      aim: Number.isFinite(aimMs) ? `≤ ${aimMs} ms` : "–",
      isMet: wallMs <= aimMs,
    },
    memoryFigure(peak, MAX_RSS),
  ];
}
