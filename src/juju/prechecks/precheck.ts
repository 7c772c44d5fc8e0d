import type { ShellCommand } from "../../shared/shell-command.ts";
import type { HopStep } from "../knowledge/knowledge.ts";
import type { HopNames } from "../upgrade-commands.ts";
import type { VersionSpan } from "../version.ts";

/**
 * Where the result of a check shows: `listing` decides it; `sign` is a hint in a listing that does not prove it;
 * `operator` is not in any listing, so a person has to check.
 */
export type PrecheckVisibility = "listing" | "sign" | "operator";

/** The models that a check examines when a step is run on one of them. */
export type PrecheckScope =
  /** The model of the step. */
  | "model"
  /** The controller model, even if the step is about another one. */
  | "controller-model"
  /** The other models of the controller. */
  | "hosted-models"
  | "all-models";

/** One check that Juju makes before a step, for the releases that make it. */
export interface Precheck {
  /** Stable, for scripts and tests; several rows have the same id if releases differ. */
  readonly id: string;
  readonly step: HopStep;
  /** Releases of the controller that runs the check: for `upgrade-controller` and `migrate` the old one. */
  readonly server: VersionSpan;
  /** Target versions of the step; all if absent. */
  readonly to?: VersionSpan;
  readonly models: readonly ("iaas" | "caas")[];
  readonly scope: PrecheckScope;
  readonly visibility: PrecheckVisibility;
  /** What blocks the step, as a full sentence. */
  readonly fact: string;
  /** What to do about it, as full sentences. */
  readonly remedy: string;
  /** The start of Juju's message; absent if Juju prints none. */
  readonly message?: string;
  /** The command for an operator to check it, if no listing decides it. */
  readonly look?: (names: Pick<HopNames, "controller" | "model">) => ShellCommand;
  /** File, function and release of Juju. */
  readonly source: string;
}

export const MACHINES = ["iaas"] as const;
export const KUBERNETES = ["caas"] as const;
export const ANY_MODEL = ["iaas", "caas"] as const;

/** Rows that differ only in step, releases and scope. */
export function rows(
  shared: Omit<Precheck, "step" | "server" | "scope">,
  differing: readonly (Pick<Precheck, "step" | "server" | "scope"> & Partial<Precheck>)[],
): readonly Precheck[] {
  return differing.map((row) => ({ ...shared, ...row }));
}
