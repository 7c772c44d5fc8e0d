import type { MediumWriter } from "../../medium/medium.ts";
import type { BundleFiles } from "../write/bundle-files.ts";
import type { VerifiedVolume } from "../verify/verify-bundle.ts";

/**
 * Gives volumes that are whole, but under each other's names, the names that they should have. Nothing is copied: two
 * volumes that changed places change back. Resolves to the numbers that are in their places now.
 */
export async function putInPlace(
  volumes: readonly VerifiedVolume[],
  { medium, files }: { readonly medium: MediumWriter; readonly files: BundleFiles },
): Promise<ReadonlySet<number>> {
  const placed = new Set(
    volumes.flatMap(({ finding }) => (finding.state === "whole" ? (finding.number ?? []) : [])),
  );
  const moves: { readonly from: string; readonly aside: string; readonly to: string }[] = [];
  const moved = new Set<number>();
  for (const { check, finding } of volumes) {
    const { number } = finding;
    const from = check.input.place?.file;
    const to = number === null ? undefined : files.volumes[number - 1];
    if (finding.state !== "swapped" || number === null || from === undefined || to === undefined) continue;
    if (placed.has(number) || moved.has(number)) continue;
    moved.add(number);
    moves.push({ from, aside: to.replace(/\.tar$/, ".moved.tar"), to });
  }
  // Each is first out of the way: cut short in between, it is a whole volume under a name of its own.
  for (const { from, aside } of moves) await medium.move(from, aside);
  for (const { aside, to } of moves) await medium.move(aside, to);
  return moved;
}
