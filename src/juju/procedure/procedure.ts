import type { ShellCommand } from "../../shared/shell-command.ts";
import type { JujuVersion } from "../version.ts";

/** One thing to do or to check. */
export interface ProcedureStep {
  /** Stable, for scripts and tests. */
  readonly id: string;
  /** In a few words, for a line of a list. */
  readonly title: string;
  /** What and why, in full sentences. */
  readonly text: string;
  readonly commands: readonly ShellCommand[];
  readonly source: string;
}

/** What to do if something fails, by symptom. */
export interface FailureAdvice extends Omit<ProcedureStep, "title"> {
  /** What Juju prints or shows. */
  readonly symptom: string;
}

/**
 * `none`: not possible. `backup`: only by restoring a backup. `source-stays`: the old controller keeps everything until
 * the migration has succeeded. `unknown`: not examined.
 */
export type WayBackKind = "none" | "backup" | "source-stays" | "unknown";

export interface WayBack extends ProcedureStep {
  readonly is: WayBackKind;
}

/** A hop from preparation to the way back, in order. */
export interface HopProcedure {
  readonly before: readonly ProcedureStep[];
  readonly client: readonly ProcedureStep[];
  readonly watch: readonly ProcedureStep[];
  readonly verify: readonly ProcedureStep[];
  readonly ifItFails: readonly FailureAdvice[];
  readonly wayBack: readonly WayBack[];
}

/** A model of a hop. */
export interface HopModel {
  readonly name: string;
  readonly type: "iaas" | "caas";
}

/** A hop, as far as its procedure depends on it. */
export interface HopSituation {
  /** Version of the controller before the hop. */
  readonly from: JujuVersion;
  readonly to: JujuVersion;
  readonly how: "upgrade" | "migrate";
  /** False if only models follow a controller that was upgraded before. */
  readonly movesController: boolean;
  readonly controllerType: "iaas" | "caas";
  /** As the client calls it; `CONTROLLER` if no file names it. */
  readonly controller: string;
  /** Name of the controller that a migration bootstraps. */
  readonly newController: string;
  /** The operator's models, without the controller model. */
  readonly models: readonly HopModel[];
  /** `agent-metadata-url` of this mirror. */
  readonly url: string;
  /** Whether models consume offers of other models; undefined if no file shows it. */
  readonly hasCrossModelRelations?: boolean | undefined;
}

/** The place of a model in commands: `prod:web`. */
export function placeOf(controller: string, model: string): string {
  return `${controller}:${model}`;
}

/** The controller model and each other model of the hop. */
export function placesOf({ controller, models, movesController }: HopSituation): string[] {
  const own = movesController ? [placeOf(controller, "controller")] : [];
  return [...own, ...models.map(({ name }) => placeOf(controller, name))];
}

/** A failure of some hops. */
export interface FailureRule extends Omit<FailureAdvice, "commands" | "text"> {
  readonly text: string | ((situation: HopSituation) => string);
  readonly appliesTo: (situation: HopSituation) => boolean;
  readonly commands: (situation: HopSituation) => readonly ShellCommand[];
}
