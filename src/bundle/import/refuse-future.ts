import { isFarAhead } from "../../shared/clock.ts";
import { JamError } from "../../shared/errors.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import type { BundleManifest } from "../format/manifest.ts";

/**
 * A bundle that says it was made in the future would make every later one look outdated.
 * @throws JamError JAM_METADATA_FUTURE unless `future` is allowed
 */
export function refuseFuture(
  { id, createdAt }: BundleManifest,
  now: Date,
  allow: ReadonlySet<Allowance>,
): void {
  if (allow.has("future") || !isFarAhead(createdAt, now)) return;
  throw new JamError(
    "JAM_METADATA_FUTURE",
    `Bundle ${id} says it was made from a snapshot of ${createdAt}, which is in the future.`,
    {
      hint: `Check this machine's clock (it says ${now.toISOString()}). If the clock is right and you trust the bundle, repeat the command with --allow future`,
      details: { bundle: id, createdAt, now: now.toISOString() },
    },
  );
}
