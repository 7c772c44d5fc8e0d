import { parseSha256, type Sha256 } from "../shared/sha256.ts";
import { SIGNED_TEXT_RULES } from "../simplestreams/signed-text.ts";
import type { DocumentPort, FetchedDocument, Validators } from "./ports.ts";
import type { ProvenDocument, Snapshot } from "./snapshot.ts";

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
  documents: DocumentPort,
  current: Snapshot | undefined,
): Promise<UpstreamMemory> {
  const bytes = await documents.get("state", NAME);
  const remembered =
    parseMemory(bytes) ??
    (current?.upstream.documents ?? []).map((proven) => ({ ...proven, validators: {} }));
  return new Map(remembered.map((document) => [document.path, document]));
}

function parseMemory(bytes: Uint8Array | undefined): readonly RememberedDocument[] | undefined {
  if (bytes === undefined) return undefined;
  try {
    const state = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
      format?: string;
      documents?: readonly RememberedDocument[];
    } | null;
    if (state?.format !== FORMAT || !Array.isArray(state.documents)) return undefined;
    return state.documents.every((document) => parseSha256(document?.sha256) !== undefined)
      ? state.documents
      : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the memory durably. */
export async function writeMemory(documents: DocumentPort, memory: UpstreamMemory): Promise<void> {
  const state = { format: FORMAT, documents: [...memory.values()] };
  await documents.put("state", NAME, Buffer.from(`${JSON.stringify(state, null, 1)}\n`));
}

/** What a snapshot records of a document that it rests on. */
export function provenOf({ validators: _validators, ...proven }: RememberedDocument): ProvenDocument {
  return proven;
}

/** The memory of one document that has just been accepted; `keyExpiredAt` is for one whose key had expired. */
export function rememberDocument(
  document: FetchedDocument,
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
