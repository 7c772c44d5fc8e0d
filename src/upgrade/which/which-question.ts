import type {
  BootstrapRequest,
  MigrationRequest,
  StreamLists,
  UpgradeRequest,
} from "../../juju/decisions/request.ts";
import type { Arch } from "../../juju/platform.ts";
import type { JujuVersion } from "../../juju/version.ts";

/** What every question has. */
interface QuestionCommon {
  /** Returned with the answer. */
  readonly id?: string | number | undefined;
  /** Where the question is in its document, for messages: `upgrade[3]`; empty for a single one. */
  readonly place: string;
  /** Which version was used for a text that names none, to be reported with the answer. */
  readonly notes: readonly string[];
}

/** What a question about a model or a controller has in addition to what Juju's own rules look at. */
interface Scope {
  /** The question's own lists; undefined for what the mirror lists. */
  readonly lists: StreamLists | undefined;
  /** Arches of the model's machines; undefined when they do not matter. */
  readonly arches: readonly Arch[] | undefined;
}

/** "To which version does this model or controller go?" */
export interface UpgradeQuestion extends QuestionCommon, Scope, Omit<UpgradeRequest, "streams"> {
  readonly kind: "upgrade";
  /** Take only what is listed for all of the arches. */
  readonly safe: boolean;
  readonly nodeArches: readonly Arch[] | undefined;
}

/** "With which version does this client bootstrap a controller?" */
export interface BootstrapQuestion extends QuestionCommon, Scope, Omit<BootstrapRequest, "streams"> {
  readonly kind: "bootstrap";
  readonly modelType: "iaas" | "caas";
  /** Take only what is listed for all of the arches. */
  readonly safe: boolean;
}

/** "Does that controller take this model?" */
export interface MigrationQuestion extends QuestionCommon, MigrationRequest {
  readonly kind: "migrate";
  readonly arches: readonly Arch[] | undefined;
}

/** "Which streams would be searched?", for every generation at once. */
export interface StreamsQuestion extends QuestionCommon {
  readonly kind: "preferredStreams";
  /** The requested version, else the running one. */
  readonly version: JujuVersion;
  readonly development: boolean;
  readonly stream: string;
}

/** "Which of these is the newest that may follow the base?", for every generation at once. */
export interface NewestQuestion extends QuestionCommon {
  readonly kind: "newestCompatible";
  readonly base: JujuVersion;
  readonly list: readonly JujuVersion[];
}

/** A question of any kind, every version and arch of it read. */
export type WhichQuestion =
  UpgradeQuestion | BootstrapQuestion | MigrationQuestion | StreamsQuestion | NewestQuestion;

export const QUESTION_KINDS = [
  "upgrade",
  "bootstrap",
  "preferredStreams",
  "newestCompatible",
  "migrate",
] as const satisfies readonly WhichQuestion["kind"][];

export type QuestionKind = WhichQuestion["kind"];

/** Characters of the longest version or word of a question. */
export const MAX_WORD = 200;
