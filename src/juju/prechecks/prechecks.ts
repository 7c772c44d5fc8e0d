import { isInSpan, type JujuVersion } from "../version.ts";
import { MIGRATE_PRECHECKS } from "./migrate-prechecks.ts";
import { PLATFORM_PRECHECKS } from "./platform-prechecks.ts";
import type { Precheck } from "./precheck.ts";
import { UPGRADE_PRECHECKS } from "./upgrade-prechecks.ts";

/** Every check of Juju 2.x to 4.0 before a step whose result a listing shows or an operator can see. */
export const PRECHECKS: readonly Precheck[] = [
  ...UPGRADE_PRECHECKS,
  ...PLATFORM_PRECHECKS,
  ...MIGRATE_PRECHECKS,
];

/** A step, and the release of the controller that checks it. */
export interface PrecheckedStep {
  readonly step: Precheck["step"];
  /** The version of the controller that runs the checks. */
  readonly server: JujuVersion;
  readonly to: JujuVersion;
}

/** The checks that a controller runs before a step. */
export function prechecksOf({ step, server, to }: PrecheckedStep): Precheck[] {
  return PRECHECKS.filter(
    (row) =>
      row.step === step && isInSpan(server, row.server) && (row.to === undefined || isInSpan(to, row.to)),
  );
}
