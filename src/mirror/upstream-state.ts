import type { UpstreamDocument, Validators } from "../upstream/source.ts";
import type { DocumentStore } from "../store/store.ts";
import { parseSha256, type Sha256 } from "../shared/sha256.ts";
import { SIGNED_TEXT_RULES } from "../simplestreams/signed-text.ts";
import type { ProvenDocument, Snapshot, UpstreamProof } from "./snapshot.ts";

/** What is remembered of one upstream document that was accepted (principle P4, memory of freshness). */
export interface RememberedDocument {
  readonly path: string;
  readonly url: string;
  readonly sha256: Sha256;
  readonly validators: Validators;
  /** ISO 8601; the document's own `updated`. */
  readonly updatedAt?: string;
  readonly signedBy?: string;
  /** ISO 8601. */
  readonly signedAt?: string;
  /** ISO 8601; when its key had expired by the time that it was accepted. */
  readonly keyExpiredAt?: string;
  /** The rules by which it was read and verified; absent for one that was accepted before these had a version. */
  readonly rules?: number;
}

/** Accepted documents by path. Paths keep their suffix: a signed and an unsigned twin are remembered apart. */
export type UpstreamMemory = ReadonlyMap<string, RememberedDocument>;

const NAME = "upstream-memory.json";
const FORMAT = "jam-upstream-memory:1";

/**
 * What earlier runs accepted; empty for a new mirror. When the memory is damaged, the documents that the current
 * snapshot rests on stand in for it, so that losing a file never lowers the guard.
 */
export async function readMemory(
  documents: DocumentStore,
  current: Snapshot | undefined,
): Promise<UpstreamMemory> {
  const bytes = await documents.get("state", NAME);
  const remembered =
    parseMemory(bytes) ??
    (current?.upstream.documents ?? []).map((proven) => ({ ...proven, validators: {} }));
  return new Map(remembered.map((document) => [document.path, document]));
}

/**
 * What earlier runs accepted of upstreams that were asked for what the first one does not list, by their URL. They are
 * remembered apart: nothing says that two upstreams publish the same state at the same time.
 */
export type FurtherMemory = ReadonlyMap<string, readonly RememberedDocument[]>;

/** Empty where no further upstream was needed. A damaged memory is replaced as in `readMemory`. */
export async function readFurtherMemory(
  documents: Pick<DocumentStore, "get">,
  current: Snapshot | undefined,
): Promise<FurtherMemory> {
  const state = parseState(await documents.get("state", NAME));
  const rows = state === undefined ? provenFurther(current) : (state.further ?? []);
  return new Map(
    rows.flatMap((row) => (areRemembered(row.documents) ? [[row.upstream, row.documents]] : [])),
  );
}

function provenFurther(current: Snapshot | undefined): NonNullable<MemoryState["further"]> {
  return (current?.earlierProofs ?? []).map(({ url, documents }) => ({
    upstream: url,
    documents: documents.map((proven) => ({ ...proven, validators: {} })),
  }));
}

interface MemoryState {
  readonly format?: string;
  readonly documents?: readonly RememberedDocument[];
  readonly further?: readonly {
    readonly upstream: string;
    readonly documents: readonly RememberedDocument[];
  }[];
}

function parseMemory(bytes: Uint8Array | undefined): readonly RememberedDocument[] | undefined {
  const state = parseState(bytes);
  return areRemembered(state?.documents) ? state?.documents : undefined;
}

function parseState(bytes: Uint8Array | undefined): MemoryState | undefined {
  if (bytes === undefined) return undefined;
  try {
    const state = JSON.parse(Buffer.from(bytes).toString("utf8")) as MemoryState | null;
    return state?.format === FORMAT ? state : undefined;
  } catch {
    return undefined;
  }
}

function areRemembered(documents: unknown): boolean {
  return (
    Array.isArray(documents) &&
    documents.every(
      (document: Partial<RememberedDocument> | null) => parseSha256(document?.sha256) !== undefined,
    )
  );
}

/** Replaces the memory durably. */
export async function writeMemory(
  documents: DocumentStore,
  memory: UpstreamMemory,
  further: FurtherMemory,
): Promise<void> {
  const others = [...further];
  const state: MemoryState = {
    format: FORMAT,
    documents: [...memory.values()],
    ...(others.length === 0
      ? {}
      : { further: others.map(([upstream, own]) => ({ upstream, documents: own })) }),
  };
  await documents.put("state", NAME, Buffer.from(`${JSON.stringify(state, null, 1)}\n`));
}

/** What a snapshot records of a document that it rests on. */
export function provenOf({ validators: _validators, ...proven }: RememberedDocument): ProvenDocument {
  return proven;
}

/** What a snapshot records of an upstream that it rests on. */
export function proofOf(
  source: { readonly name: string; readonly url: string; readonly verifies: boolean },
  documents: readonly RememberedDocument[],
): UpstreamProof {
  const { name, url, verifies } = source;
  return { name, url, verified: verifies, documents: documents.map(provenOf) };
}

/** The memory of one document that has just been accepted; `keyExpiredAt` is for one whose key had expired. */
export function rememberDocument(
  document: UpstreamDocument,
  updatedAt: Date | undefined,
  keyExpiredAt?: string,
): RememberedDocument {
  return {
    path: document.path,
    url: document.url,
    sha256: document.sha256,
    validators: document.validators,
    ...(updatedAt === undefined ? {} : { updatedAt: updatedAt.toISOString() }),
    ...(document.signature === undefined
      ? {}
      : {
          signedBy: document.signature.fingerprint,
          signedAt: document.signature.signedAt.toISOString(),
          rules: SIGNED_TEXT_RULES,
        }),
    ...(keyExpiredAt === undefined ? {} : { keyExpiredAt }),
  };
}
