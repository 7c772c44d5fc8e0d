import { compareVersions, formatVersion, isVersion, parseVersion } from "../../juju/version.ts";
import { nameSome } from "../../shared/listed.ts";
import type { PlanDocument } from "../plan/plan-document.ts";
import type { Fleet } from "./fleet.ts";

/** The versions that a fleet runs, and why that may not be all of them. */
export interface FoundVersions {
  readonly versions: ReadonlySet<string>;
  /** A sentence; undefined when every part of the files was read and every model has a version. */
  readonly doubt: string | undefined;
}

/** Versions of controllers, models, machines and units, ascending: new machines request those of their model. */
export function versionsOfFleet({ controllers, models, unread }: Fleet): FoundVersions {
  const versions = distinct([
    ...controllers.filter(({ isJaas }) => !isJaas).flatMap((one) => [one.version, one.modelVersion]),
    ...models.flatMap(({ version, machines = [], units = [] }) => [
      version,
      ...machines.map((machine) => machine.version),
      ...units.map((unit) => unit.version),
    ]),
  ]);
  return { versions, doubt: doubtOf({ controllers, models, unread }, versions) };
}

function doubtOf(
  { controllers, models, unread }: Pick<Fleet, "controllers" | "models" | "unread">,
  versions: ReadonlySet<string>,
): string | undefined {
  const parts = unread.filter(({ kind }) => kind !== "unplaced");
  const [first] = parts;
  if (first !== undefined) {
    const more = parts.length === 1 ? "" : ` (and ${parts.length - 1} more)`;
    return `${first.file} ${first.text}${more}.`;
  }
  const without = [
    ...models.filter(({ version }) => version === undefined).map(({ label }) => label),
    ...controllers
      .filter(({ isJaas, presumedVersion }) => !isJaas && presumedVersion === undefined)
      .map(({ label }) => label),
  ];
  if (without.length > 0) {
    return `no file has the version of ${nameSome(without, 3)}; add the output of juju models --format json.`;
  }
  return versions.size === 0 ? "the files contain no version." : undefined;
}

/** Versions that the controllers and models of a plan run before it, and those of its agents that run. */
export function versionsOfPlan({ controllers, hops, agents }: PlanDocument): FoundVersions {
  const versions = distinct([
    ...controllers.map(({ from }) => from),
    ...hops.flatMap(({ models }) => models.map(({ from }) => from)),
    ...agents.filter(({ purpose }) => purpose === "running").map(({ version }) => version),
  ]);
  return { versions, doubt: versions.size === 0 ? "the plan names no version." : undefined };
}

function distinct(texts: readonly (string | undefined)[]): ReadonlySet<string> {
  const known = texts.filter((text) => text !== undefined && isVersion(text));
  const versions = known.map((text) => parseVersion(text as string)).sort(compareVersions);
  return new Set(versions.map(formatVersion));
}
