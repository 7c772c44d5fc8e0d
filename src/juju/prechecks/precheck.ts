import type { ShellCommand } from "../../shared/shell-command.ts";
import type { HopStep } from "../knowledge/knowledge.ts";
import type { HopNames } from "../upgrade-commands.ts";
import type { VersionSpan } from "../version-span.ts";

/**
 * Where what a check looks at can be seen: `listing` decides it, `sign` is a hint in a listing that proves nothing,
 * `operator` is in no listing, so a person has to look.
 */
export type PrecheckVisibility = "listing" | "sign" | "operator";

/** Which models a check looks at when a step is run on one of them. */
export type PrecheckScope =
  /** The model of the step. */
  | "model"
  /** The controller's own model, also when the step is about another one. */
  | "controller-model"
  /** The other models of the controller. */
  | "hosted-models"
  | "all-models";

/** One check that Juju makes before a step, for the releases that make it. */
export interface Precheck {
  /** Stable, for scripts and tests; several rows have one id where releases differ. */
  readonly id: string;
  readonly step: HopStep;
  /** Releases of the controller that makes the check: before `upgrade-controller` and `migrate` the old one. */
  readonly server: VersionSpan;
  /** Versions that the step leads to; every one without it. */
  readonly to?: VersionSpan;
  readonly models: readonly ("iaas" | "caas")[];
  readonly scope: PrecheckScope;
  readonly visibility: PrecheckVisibility;
  /** What stops the step, as a full sentence. */
  readonly fact: string;
  /** What to do about it, as full sentences. */
  readonly remedy: string;
  /** How Juju's message begins; absent where Juju gives none. */
  readonly message?: string;
  /** How an operator looks, where no listing decides it. */
  readonly look?: (names: Pick<HopNames, "controller" | "model">) => ShellCommand;
  /** File, function and release of Juju. */
  readonly source: string;
}

export const MACHINES = ["iaas"] as const;
export const KUBERNETES = ["caas"] as const;
export const ANY_MODEL = ["iaas", "caas"] as const;

/** Rows that differ in step, releases and scope only. */
export function rows(
  shared: Omit<Precheck, "step" | "server" | "scope">,
  differing: readonly (Pick<Precheck, "step" | "server" | "scope"> & Partial<Precheck>)[],
): readonly Precheck[] {
  return differing.map((row) => ({ ...shared, ...row }));
}
