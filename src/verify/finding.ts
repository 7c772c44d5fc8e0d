import type { Sha256 } from "../shared/sha256.ts";
import type { VerifyFinding } from "./verify-document.ts";

/**
 * What a finding amounts to. `damage`: something is not what it was, or what it has to be. `unknown`: it could not be
 * decided. `note`: nothing is wrong with what is served or kept.
 */
export type Severity = "damage" | "unknown" | "note";

/** One kind of finding, for everybody who finds it and for the reference. */
export interface FindingKind {
  readonly severity: Severity;
  /** What it means for the mirror and its clients. */
  readonly means: string;
  /** The next command. */
  readonly next: string;
}

const REPAIR = "jam repair";

/** Every kind of finding of `jam verify`, by its id. `docs/reference/verify.md` lists them, and a test compares the two. */
export const FINDING_KINDS = {
  "settings-keyring": {
    severity: "damage",
    means: "signatures of this upstream cannot be verified: the next sync fails",
    next: "jam check",
  },
  "settings-key": {
    severity: "damage",
    means: "bundles and receipts that this key signed are refused, or cannot be signed",
    next: "jam key list",
  },
  "store-format": {
    severity: "damage",
    means: "other commands refuse this data directory, or take it for an empty one",
    next: REPAIR,
  },
  "place-missing": { severity: "note", means: "the next command that writes makes it", next: REPAIR },
  "place-kind": {
    severity: "damage",
    means: "what belongs there counts as missing, and is not served",
    next: REPAIR,
  },
  "place-stray": { severity: "note", means: "nothing reads it; it takes space", next: REPAIR },
  "place-foreign": {
    severity: "note",
    means: "jam neither reads it nor deletes it",
    next: "move it out of the data directory",
  },
  "place-unreadable": {
    severity: "unknown",
    means: "what is there was not checked",
    next: "run jam verify as the owner of the data directory, and look at the disk",
  },
  "mode-exposed": {
    severity: "damage",
    means: "every user of this machine decides what Juju installs",
    next: REPAIR,
  },
  "mode-hidden": {
    severity: "damage",
    means: "a web server or a jam serve of another user cannot show it",
    next: REPAIR,
  },
  "mode-owner": {
    severity: "damage",
    means: "the owner of the data directory cannot replace it",
    next: "jam repair, as root",
  },
  "link-missing": { severity: "damage", means: "clients find no metadata here", next: REPAIR },
  "link-wrong": { severity: "damage", means: "clients see something else than the mirror", next: REPAIR },
  "snapshot-missing": {
    severity: "damage",
    means: "it is shown, and nobody knows what it lists",
    next: REPAIR,
  },
  "snapshot-damaged": { severity: "damage", means: "it is shown, and cannot be served", next: REPAIR },
  "snapshot-altered": {
    severity: "damage",
    means: "it lists something else than what was published",
    next: REPAIR,
  },
  "snapshot-unreadable": {
    severity: "unknown",
    means: "what it lists was not checked; nothing shows it, and nobody can go back to it",
    next: REPAIR,
  },
  "proof-missing": {
    severity: "damage",
    means: "nothing shows any more that upstream signed what is listed; bundles cannot carry it",
    next: REPAIR,
  },
  "proof-altered": {
    severity: "damage",
    means: "nothing shows any more that upstream signed what is listed; the signed face does not serve it",
    next: REPAIR,
  },
  "proof-unreadable": {
    severity: "unknown",
    means: "the document was not checked",
    next: "run jam verify as the owner of the data directory, and look at the disk",
  },
  "proof-refused": {
    severity: "damage",
    means: "its signature is not accepted with the keys and rules of today",
    next: "jam sync",
  },
  "proof-extra": { severity: "note", means: "no snapshot that is kept rests on it", next: "jam prune" },
  "catalogue-unproven": {
    severity: "damage",
    means: "the mirror lists what upstream's documents do not",
    next: "jam sync",
  },
  "tarball-missing": {
    severity: "damage",
    means: "the agent is not listed until it is here again",
    next: REPAIR,
  },
  "tarball-truncated": {
    severity: "damage",
    means: "the agent is not listed until the tarball is whole again",
    next: REPAIR,
  },
  "tarball-altered": {
    severity: "damage",
    means: "the agent is not listed until the tarball is whole again",
    next: REPAIR,
  },
  "tarball-unreadable": {
    severity: "unknown",
    means: "the tarball was not judged, and stays listed",
    next: "run jam verify as the owner of the data directory, and look at the disk",
  },
  "tarball-extra": {
    severity: "note",
    means: "no snapshot that is kept lists it",
    next: "jam prune",
  },
  "tree-missing": { severity: "damage", means: "web servers and Juju find nothing to read", next: REPAIR },
  "tree-file-missing": {
    severity: "damage",
    means: "web servers answer 404 for what the mirror lists",
    next: REPAIR,
  },
  "tree-file-altered": {
    severity: "damage",
    means: "web servers serve something else than the snapshot",
    next: REPAIR,
  },
  "tree-file-extra": {
    severity: "damage",
    means: "web servers serve something that no snapshot has",
    next: REPAIR,
  },
  "tree-unreadable": {
    severity: "unknown",
    means: "the tree was not compared with its snapshot",
    next: "run jam verify as the owner of the data directory, and look at the disk",
  },
  "state-damaged": {
    severity: "damage",
    means: "what it says is lost; commands go by what is left, or refuse",
    next: REPAIR,
  },
  "state-unreadable": {
    severity: "unknown",
    means: "the note was not checked",
    next: "run jam verify as the owner of the data directory, and look at the disk",
  },
  "history-damaged": { severity: "damage", means: "the report of one run is lost", next: REPAIR },
  "history-unreadable": {
    severity: "unknown",
    means: "the report was not checked",
    next: "run jam verify as the owner of the data directory, and look at the disk",
  },
} as const satisfies Record<string, FindingKind>;

export type FindingId = keyof typeof FINDING_KINDS;

/** What a check tells of one thing that it found. */
export interface FoundFact extends Pick<VerifyFinding, "where" | "found"> {
  readonly kind: FindingId;
  readonly agents?: readonly string[];
  readonly sha256?: Sha256;
  /** What `jam repair` does about it, where the kind alone does not say. */
  readonly repair?: string;
}

/** The finding as it is printed. */
export function findingOf({ kind, where, found, ...more }: FoundFact): VerifyFinding {
  const { severity, means, next } = FINDING_KINDS[kind];
  return { kind, severity, where, found, means, next, ...more };
}
