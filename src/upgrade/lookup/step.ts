import type { LookupFaultKind } from "../../juju/metadata-search/fault.ts";

/** What a document is for. */
export type LookupDocumentKind = "index" | "mirrors" | "mirror-list" | "products";

/** What is worth a warning about one document. */
export type LookupTrouble = "status" | "unreachable" | "signature" | "unreadable";

/** One document that Juju asks for, in the order in which it does. */
export interface LookupStep {
  readonly stream: string;
  /** Juju's name of the source. */
  readonly source: string;
  readonly signed: boolean;
  readonly document: LookupDocumentKind;
  readonly url: string;
  /** False where nothing was sent: Juju would ask here. */
  readonly sent: boolean;
  /** HTTP status; absent without an answer. */
  readonly status?: number;
  /** How often Juju asks before it gives up. */
  readonly attempts: number;
  readonly result: "read" | LookupFaultKind;
  readonly trouble?: LookupTrouble;
  /** What Juju makes of it, as a sentence without a full stop. */
  readonly note: string;
}
