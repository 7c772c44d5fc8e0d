import { InvalidArgumentError } from "commander";
import { parseVolumeSize } from "../../../bundle/format/volume-plan.ts";

/** Numbers in a line, runs of them drawn together: `1-4, 7`. */
export function describeVolumes(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ") || "none";
}

/** The value of --volume-size in bytes. */
export function parseSizeFlag(text: string): number {
  const bytes = parseVolumeSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new InvalidArgumentError("Give a size such as 4300MiB, or one of dvd, bd, fat32.");
}
