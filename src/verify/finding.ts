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
  "channel-history-missing": {
    severity: "damage",
    means:
      "who changed the channel, and what was on hold or withdrawn in it, is not known; nothing comes to it or from it by itself",
    next: "restore the file from a backup, or hold and withdraw again what has to be: the first such command begins a new history",
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
  "url-unreachable": {
    severity: "unknown",
    means: "clients there get no answer",
    next: "check the address, the server and the firewalls in between",
  },
  "url-path": {
    severity: "damage",
    means: "clients with this address find nothing, and go to the internet",
    next: "jam connect, with the address that was found",
  },
  "url-status": {
    severity: "damage",
    means: "clients do not get what the mirror lists",
    next: "jam verify, then look at the log of the server in front",
  },
  "url-redirect": {
    severity: "damage",
    means: "new controller machines do not follow redirects, and take the page for the tarball",
    next: "give controllers the final address: jam connect",
  },
  "url-stale": {
    severity: "damage",
    means: "clients see an earlier state: a cache keeps the index, or a server shows another folder",
    next: "empty the cache, and let it ask again for each index: jam nginx-config",
  },
  "url-other-channel": {
    severity: "damage",
    means: "clients see what another channel or the mirror lists",
    next: "give the right address; jam connect prints it, for a channel with --channel",
  },
  "url-same-snapshot": {
    severity: "note",
    means: "answers are alike, so nothing tells whether clients see what they have to see",
    next: "run it again when the two show different snapshots; jam connect prints the right address",
  },
  "url-other-mirror": {
    severity: "damage",
    means: "clients see another mirror than this one",
    next: "check the address, or pass --data for the mirror that is behind it",
  },
  "url-altered": {
    severity: "damage",
    means: "clients see something else than the mirror",
    next: "look for what changes answers: a proxy, a rewrite rule, a cache",
  },
  "url-error-page": {
    severity: "damage",
    means: "something in between answers in place of the mirror, and Juju takes its page for data",
    next: "look at the proxy or the captive portal in between",
  },
  "url-present": {
    severity: "damage",
    means: "Juju prefers it, and asks for agents that are not here or at other places",
    next: "remove it from the web server; this address has to serve the mirror only",
  },
  "url-not-404": {
    severity: "damage",
    means: "Juju from 2.9 on gives up on this address instead of reading the next document",
    next: "let the server answer 404 for what is missing: jam nginx-config",
  },
  "url-encoding": {
    severity: "damage",
    means: "Juju undoes the coding of a tarball and then refuses it; new machines refuse it as it is",
    next: "switch compression off for tarballs: jam nginx-config",
  },
  "url-type": {
    severity: "damage",
    means: "controllers of Juju 4 refuse the tarball, and ask for it again without end",
    next: "set the type by the Accept header: jam nginx-config",
  },
  "url-type-beta": {
    severity: "note",
    means: "controllers of the betas of Juju 4.0 refuse the tarball; releases take it",
    next: "set the type by the Accept header: jam nginx-config",
  },
  "url-json-type": {
    severity: "note",
    means: "Juju does not look at it; other readers may",
    next: "let the server send application/json: jam nginx-config",
  },
  "url-tarball-altered": {
    severity: "damage",
    means: "machines refuse the tarball: its hash or size is wrong",
    next: "jam verify --deep; where that finds nothing, look at what is in front",
  },
  "url-length": {
    severity: "note",
    means: "a connection that breaks off looks like the end of the tarball",
    next: "switch buffering or chunked answers off for tarballs: jam nginx-config",
  },
  "url-head": {
    severity: "note",
    means: "Juju sends no HEAD; other tools may",
    next: "jam nginx-config",
  },
  "url-no-range": {
    severity: "note",
    means: "a sync from this address cannot resume; Juju sends no ranges",
    next: "jam nginx-config",
  },
  "url-range": {
    severity: "damage",
    means: "who resumes a download gets wrong bytes",
    next: "look at the cache or proxy in front",
  },
  "url-lookup": {
    severity: "damage",
    means: "this generation of Juju does not find what the mirror has",
    next: "jam lookup with this client and --url, which shows each document",
  },
} as const satisfies Record<string, FindingKind>;

export type FindingId = keyof typeof FINDING_KINDS;

/** What a check tells of one thing that it found. */
export interface FoundFact extends Pick<VerifyFinding, "where" | "found"> {
  readonly kind: FindingId;
  readonly agents?: readonly string[];
  readonly streams?: readonly string[];
  readonly path?: string;
  readonly sha256?: Sha256;
  /** What `jam repair` does about it, where the kind alone does not say. */
  readonly repair?: string;
  /** In place of what the kind says. */
  readonly means?: string;
  readonly next?: string;
}

/** The finding as it is printed. */
export function findingOf({ kind, where, found, ...more }: FoundFact): VerifyFinding {
  const { severity, means, next } = FINDING_KINDS[kind];
  return { kind, severity, where, found, means, next, ...more };
}
