import { JAM } from "./program.ts";
import { measure, median } from "./process.ts";

/** Medians of complete processes. */
export interface AgainstNode {
  readonly wallMs: number;
  /** Of the ratios of one round each. */
  readonly ratio: number;
  /** Bytes. */
  readonly peakRss: number;
}

/**
 * A command against `node -e 0`, in turn: most of the time of a command is the start of Node.
 * @param rounds that count, and those before them that do not
 */
export async function compareWithNode(
  argv: readonly string[],
  cwd: string,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<AgainstNode> {
  const times: number[] = [];
  const ratios: number[] = [];
  const peaks: number[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const ours = await measure(process.execPath, [JAM, ...argv], { cwd });
    const node = await measure(process.execPath, ["-e", "0"], { cwd });
    if (ours.status !== 0) throw new Error(ours.stderr);
    if (round < 0) continue;
    times.push(ours.wallMs);
    ratios.push(ours.wallMs / node.wallMs);
    peaks.push(ours.peakRss);
  }
  return { wallMs: median(times), ratio: median(ratios), peakRss: median(peaks) };
}
