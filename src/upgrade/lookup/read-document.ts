import { defined } from "../../shared/collections.ts";
import {
  isFault,
  type LookupFault,
  type LookupRules,
  type LookupFaultKind,
} from "../../juju/metadata-search/rules.ts";
import type { LookupAnswer, LookupReader, LookupSource } from "./lookup-source.ts";
import { BEGIN_MESSAGE, END_SIGNATURE } from "../../simplestreams/signed-text.ts";

/** What mirrors.json contained; appended to. */
export interface MirrorsSeen {
  /** Base URLs to which it sent the model. */
  readonly followed: Set<string>;
  /** Regions of other clouds that it sends elsewhere. */
  readonly otherRegions: Set<string>;
}

/** What all requests of one look-up share. */
export interface LookupRun {
  readonly rules: LookupRules;
  readonly reader: LookupReader;
  /** Every requested document, in order; appended to. */
  readonly steps: LookupStep[];
  readonly mirrors: MirrorsSeen;
}

/** One of the two ways through a source, for one stream. */
export interface LookupPass {
  readonly source: LookupSource;
  readonly stream: string;
  readonly isSigned: boolean;
}

/** The base followed by the path, as plain text. Source: juju environs/simplestreams/datasource.go urlJoin. */
export function joinUrl(base: string, path: string): string {
  return base.endsWith("/") ? `${base}${path}` : `${base}/${path}`;
}

/** A document that arrived, or why Juju does without it. */
interface Outcome {
  readonly read: Uint8Array | LookupFault;
  readonly trouble?: LookupTrouble;
  readonly attempts?: number;
}

/**
 * The document at a path as `parse` reads it; a step is recorded for it.
 * Source: juju environs/simplestreams fetchData, urlDataSource.Fetch.
 */
export async function readDocument<T extends object>(
  run: LookupRun,
  pass: LookupPass,
  what: { readonly document: LookupDocumentKind; readonly path: string },
  parse: (bytes: Uint8Array) => { readonly value: T; readonly note: string } | LookupFault,
): Promise<T | LookupFault> {
  const url = joinUrl(pass.source.url, what.path);
  const answer = await run.reader.fetchDocument(url);
  const { read, trouble, attempts = 1 } = await classify(answer, run, pass);
  const parsed = isFault(read) ? read : parse(read);
  const unreadable = !isFault(read) && isFault(parsed) && parsed.fault === "failed" ? "unreadable" : trouble;
  run.steps.push({
    stream: pass.stream,
    source: pass.source.name,
    signed: pass.isSigned,
    document: what.document,
    url,
    sent: answer.kind !== "not-contacted",
    ...(answer.kind === "answer" ? { status: answer.status } : {}),
    attempts,
    result: isFault(parsed) ? parsed.fault : "read",
    ...defined({ trouble: unreadable }),
    note: isFault(parsed) ? parsed.reason : parsed.note,
  });
  return isFault(parsed) ? parsed : parsed.value;
}

async function classify(answer: LookupAnswer, run: LookupRun, pass: LookupPass): Promise<Outcome> {
  if (answer.kind === "cut")
    return { read: { fault: "failed", reason: answer.reason }, trouble: "unreadable" };
  if (answer.kind !== "answer") return classifySilence(answer, run.rules);
  if (answer.status !== 200) return classifyStatus(answer.status, run.rules);
  if (!pass.isSigned) return { read: answer.bytes };
  const block = findSignedBlock(new TextDecoder().decode(answer.bytes));
  if (block === undefined) return distrust("it is not signed with OpenPGP");
  if (!pass.source.hasKey) return distrust("this release has no key for the operator's source");
  const verified = await run.reader.verify(block);
  return verified.ok ? { read: new TextEncoder().encode(verified.text) } : distrust(verified.reason);
}

function distrust(reason: string): Outcome {
  return { read: { fault: "failed", reason: `no good signature: ${reason}` }, trouble: "signature" };
}

function classifySilence(
  answer: Exclude<LookupAnswer, { readonly kind: "answer" | "cut" }>,
  { failures }: LookupRules,
): Outcome {
  const isStrict = failures === "strict";
  const fault = isStrict ? "failed" : "not-found";
  const effect = isStrict ? "Juju fails here" : "that counts as not found";
  if (answer.kind === "not-contacted") {
    const reason = `not asked; without the internet ${effect}`;
    return { read: { fault, reason }, attempts: isStrict ? 3 : 1 };
  }
  const reason = `${answer.reason}; ${effect}`;
  return { read: { fault, reason }, attempts: isStrict ? 3 : 1, trouble: "unreachable" };
}

function classifyStatus(status: number, { failures }: LookupRules): Outcome {
  if (status === 404) return { read: { fault: "not-found", reason: "not found" } };
  if (failures === "hidden") {
    return {
      read: { fault: "not-found", reason: `status ${status} counts as not found` },
      trouble: "status",
    };
  }
  if (status === 401) return { read: { fault: "unauthorized", reason: "unauthorized" }, trouble: "status" };
  return {
    read: { fault: "failed", reason: `status ${status} is an error` },
    trouble: "status",
    attempts: failures === "strict" ? 3 : 1,
  };
}

/**
 * The first clear-signed block; Juju ignores the text around it.
 * Source: golang.org/x/crypto/openpgp/clearsign Decode.
 */
function findSignedBlock(text: string): string | undefined {
  const begin = text.startsWith(BEGIN_MESSAGE) ? 0 : text.indexOf(`\n${BEGIN_MESSAGE}`) + 1;
  if (begin === 0 && !text.startsWith(BEGIN_MESSAGE)) return undefined;
  const end = text.indexOf(`\n${END_SIGNATURE}`, begin);
  return end < 0 ? undefined : `${text.slice(begin, end + 1 + END_SIGNATURE.length)}\n`;
}

/** What a document is for. */
export type LookupDocumentKind = "index" | "mirrors" | "mirror-list" | "products";

/** Problems of one document that cause a warning. */
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
  /** How Juju treats it, as a sentence without a full stop. */
  readonly note: string;
}
