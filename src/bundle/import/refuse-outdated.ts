import { skewNote } from "../../shared/clock.ts";
import { JamError } from "../../shared/errors.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { BundleManifest } from "../format/manifest.ts";

/** True when what is shown came with a bundle that was made after this one. */
export function isOutdated({ createdAt }: BundleManifest, current: Snapshot | undefined): boolean {
  return current?.bundle !== undefined && Date.parse(createdAt) < Date.parse(current.bundle.createdAt);
}

/** @throws JamError JAM_BUNDLE_OUTDATED unless `rollback` is allowed */
export function refuseOutdated(
  manifest: BundleManifest,
  current: Snapshot | undefined,
  allow: ReadonlySet<Allowance>,
): void {
  if (allow.has("rollback") || !isOutdated(manifest, current)) return;
  throw new JamError(
    "JAM_BUNDLE_OUTDATED",
    `Bundle ${manifest.id} was made from a snapshot of ${manifest.createdAt}; this mirror shows bundle ${current?.bundle?.id} of ${current?.bundle?.createdAt}.`,
    {
      hint: `Import the newer bundle. To go back on purpose, repeat the command with --allow rollback.${skewNote(manifest.createdAt, current?.bundle?.createdAt)}`,
      details: { bundle: manifest.id, createdAt: manifest.createdAt, shown: current?.bundle?.id ?? null },
    },
  );
}
