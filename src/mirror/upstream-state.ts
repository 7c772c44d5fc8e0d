import { defined } from "../shared/collections.ts";
import type { UpstreamDocument, Validators } from "../upstream/source.ts";
import type { DocumentStore } from "../store/store.ts";
import { isSha256, type Sha256 } from "../shared/sha256.ts";
import { SIGNED_TEXT_RULES } from "../simplestreams/signed-text.ts";
import type { ProvenDocument, Snapshot, UpstreamProof } from "./snapshot.ts";
import { stateDocument } from "./state-document.ts";
import { UPSTREAM_MEMORY } from "./upstream-catalogue.ts";

/** What is recorded of one upstream document that was accepted (principle P4, memory of freshness). */
export interface AcceptedDocument {
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

/** Accepted documents by path. Paths keep their suffix: a signed and an unsigned twin are recorded apart. */
export type AcceptedDocuments = ReadonlyMap<string, AcceptedDocument>;

/** What earlier runs accepted. */
export interface UpstreamState {
  /** Of the upstream whose metadata counts first. */
  readonly documents: AcceptedDocuments;
  /**
   * Of upstreams that were asked for what the first one does not list, by their URL. They are recorded apart: nothing
   * says that two upstreams publish the same state at the same time.
   */
  readonly further: ReadonlyMap<string, readonly AcceptedDocument[]>;
  /** Fingerprints of the keys that signed what was last accepted, by the name of the upstream. Absent in older notes. */
  readonly signers?: ReadonlyMap<string, readonly string[]>;
}

const note = stateDocument({
  name: UPSTREAM_MEMORY,
  format: "jam-upstream-memory:1",
  schema: (zod) => {
    const text = zod.string().exactOptional();
    const documents = zod.array(
      zod.object({
        path: zod.string(),
        url: zod.string(),
        sha256: zod.custom<Sha256>(isSha256),
        validators: zod.object({ etag: text, lastModified: text }),
        updatedAt: text,
        signedBy: text,
        signedAt: text,
        keyExpiredAt: text,
        rules: zod.number().exactOptional(),
      }),
    );
    return zod.object({
      documents,
      further: zod.array(zod.object({ upstream: zod.string(), documents })).exactOptional(),
      signers: zod
        .array(zod.object({ upstream: zod.string(), signedBy: zod.array(zod.string()) }))
        .exactOptional(),
    });
  },
  damage: "absent",
});

/**
 * What earlier runs accepted; empty for a new mirror. When the note on it is lost or damaged, the documents that the
 * current snapshot rests on stand in for it, so that losing a file never lowers the guard.
 */
export async function readUpstreamState(
  documents: Pick<DocumentStore, "get">,
  current: Pick<Snapshot, "upstream" | "earlierProofs"> | undefined,
): Promise<UpstreamState> {
  const noted = await note.read(documents);
  if (noted !== undefined) {
    const { further = [], signers } = noted;
    return {
      documents: byPath(noted.documents),
      further: new Map(further.map((row) => [row.upstream, row.documents])),
      ...(signers && { signers: new Map(signers.map((row) => [row.upstream, row.signedBy])) }),
    };
  }
  return {
    documents: byPath(provenAgain(current?.upstream.documents ?? [])),
    further: new Map(
      (current?.earlierProofs ?? []).map((proof) => [proof.url, provenAgain(proof.documents)]),
    ),
  };
}

/**
 * What was accepted of this upstream, whether it counted first then or was asked for what others do not list; undefined
 * where nothing is recorded of it.
 */
export function acceptedOf(
  { documents, further }: Pick<UpstreamState, "documents" | "further">,
  { url }: { readonly url: string },
): AcceptedDocuments | undefined {
  if (areOf(documents, url)) return documents;
  const own = further.get(url);
  return own && byPath(own);
}

/** What is recorded when this upstream counted first: what was recorded of the one before it stays, apart. */
export function withAccepted(
  state: Pick<UpstreamState, "documents" | "further">,
  accepted: readonly AcceptedDocument[],
  { source, sources }: { readonly source: Located; readonly sources: readonly Located[] },
): Pick<UpstreamState, "documents" | "further"> {
  const further = new Map(state.further);
  const before = sources.find(({ url }) => url !== source.url && areOf(state.documents, url));
  const own = before === undefined ? state.documents : byPath(further.get(source.url) ?? []);
  if (before !== undefined) further.set(before.url, [...state.documents.values()]);
  further.delete(source.url);
  return { documents: new Map([...own, ...byPath(accepted)]), further };
}

interface Located {
  readonly url: string;
}

function areOf(documents: AcceptedDocuments, url: string): boolean {
  return [...documents.values()].some((document) => document.url.startsWith(url));
}

/** These documents by path. */
export function byPath(documents: readonly AcceptedDocument[]): AcceptedDocuments {
  return new Map(documents.map((document) => [document.path, document]));
}

function provenAgain(documents: readonly ProvenDocument[]): AcceptedDocument[] {
  return documents.map((document) => ({ ...document, validators: {} }));
}

/** Replaces what is recorded, durably. */
export async function writeUpstreamState(
  documents: Pick<DocumentStore, "put">,
  state: UpstreamState,
): Promise<void> {
  const further = [...state.further].map(([upstream, own]) => ({ upstream, documents: [...own] }));
  await note.write(documents, {
    documents: [...state.documents.values()],
    ...(further.length === 0 ? {} : { further }),
    ...(state.signers && {
      signers: [...state.signers].map(([upstream, signedBy]) => ({ upstream, signedBy: [...signedBy] })),
    }),
  });
}

/** What a snapshot records of a document that it rests on. */
export function provenOf({ validators: _validators, ...proven }: AcceptedDocument): ProvenDocument {
  return proven;
}

/** What a snapshot records of an upstream that it rests on. */
export function proofOf(
  source: { readonly name: string; readonly url: string; readonly verifies: boolean },
  documents: readonly AcceptedDocument[],
): UpstreamProof {
  const { name, url, verifies } = source;
  return { name, url, verified: verifies, documents: documents.map(provenOf) };
}

/** The record of one document that has just been accepted; `keyExpiredAt` is for one whose key had expired. */
export function acceptedDocument(
  document: UpstreamDocument,
  updatedAt: Date | undefined,
  keyExpiredAt?: string,
): AcceptedDocument {
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
    ...defined({ keyExpiredAt }),
  };
}
