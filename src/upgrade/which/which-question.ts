import type { BootstrapGeneration, MigrationGeneration } from "../../juju/decisions/outcome.ts";
import type { Generation } from "../../juju/decisions/generation.ts";
import type { BootstrapQuestion, UpgradeQuestion } from "../../juju/decisions/request.ts";

/** What may stand beside every question. */
interface Asked {
  /** Given back with the answer. */
  readonly id?: string | number;
  /** Where the question stands in what was handed in, for messages: `upgrade[3]`; empty for a single one. */
  readonly place: string;
  /** What was taken for a text that names no version, to be told with the answer. */
  readonly notes?: readonly string[];
}

/** What a question about a model or a controller may say beyond what Juju's own rules look at. */
interface WithArches {
  /** Arches of the model's machines. Absent: nobody minds. */
  readonly arches?: readonly string[];
  /** Take only what is listed for all of the arches. Default false. */
  readonly safe?: boolean;
}

export type UpgradeAsked = Asked &
  WithArches &
  UpgradeQuestion & { readonly kind: "upgrade"; readonly generation: Generation };

export type BootstrapAsked = Asked &
  WithArches &
  BootstrapQuestion & {
    readonly kind: "bootstrap";
    readonly generation: BootstrapGeneration;
    readonly modelType: "iaas" | "caas";
  };

export type MigrateAsked = Asked & {
  readonly kind: "migrate";
  readonly generation: MigrationGeneration;
  readonly modelVersion: string;
  readonly sourceController: string;
  readonly targetController: string;
  readonly arches?: readonly string[];
};

/** "Which streams would be searched?", for every generation at once. */
export type StreamsAsked = Asked & {
  readonly kind: "preferredStreams";
  /** The version asked for; null when none is. */
  readonly version?: string | null;
  readonly runningVersion: string;
  readonly development: boolean;
  readonly stream: string;
};

/** "Which of these is the newest that may follow the base?", for every generation at once. */
export type NewestAsked = Asked & {
  readonly kind: "newestCompatible";
  readonly base: string;
  readonly list: readonly string[];
};

export type WhichQuestion = UpgradeAsked | BootstrapAsked | MigrateAsked | StreamsAsked | NewestAsked;

export const QUESTION_KINDS = [
  "upgrade",
  "bootstrap",
  "preferredStreams",
  "newestCompatible",
  "migrate",
] as const satisfies readonly WhichQuestion["kind"][];

export type QuestionKind = WhichQuestion["kind"];
