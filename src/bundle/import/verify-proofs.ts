import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { buildCatalogue } from "../../juju/catalogue.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import { readMetadata, type UpstreamMetadata } from "../../metadata/read-metadata.ts";
import type { UnreadableProducts } from "../../metadata/unreadable.ts";
import { contentsOf } from "../../mirror/contents.ts";
import { readKeptBytes } from "../../mirror/proofs.ts";
import type { ProvenDocument, Snapshot, UpstreamProof } from "../../mirror/snapshot.ts";
import { proofOf, type AcceptedDocuments, type UpstreamState } from "../../mirror/upstream-state.ts";
import { isOfFamily, JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { DocumentStore } from "../../store/store.ts";
import type { Upstream } from "../../upstream/source.ts";
import type { BundleManifest, ProofSet } from "../format/manifest.ts";
import { requireVerifiable } from "./accept-bundle.ts";
import type { OpenProofTrust } from "./import-work.ts";

export interface ProofRequest {
  readonly documents: DocumentStore;
  readonly openTrust: OpenProofTrust;
  /** What was accepted before: an older document under a known name is refused. */
  readonly accepted: AcceptedDocuments;
  readonly allow: ReadonlySet<Allowance>;
  /** The documents of the current snapshot, by hash. */
  readonly acceptedByHash: ReadonlyMap<Sha256, ProvenDocument>;
  /** Accepts documents that the maker did not verify. */
  readonly allowsUnsigned: boolean;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** The proofs of a bundle, verified again. */
export interface VerifiedProofs {
  /** The metadata that the snapshot is based on. */
  readonly metadata: UpstreamMetadata;
  readonly source: Pick<Upstream, "name" | "url" | "verifies">;
  /** Agents of the manifest's catalogue as upstream's documents describe them. */
  readonly agents: readonly Agent[];
  /** Documents that cannot be read; every agent is proven without them. */
  readonly unreadable: readonly UnreadableProducts[];
  /** Every set, the snapshot's own first. */
  readonly proofs: readonly UpstreamProof[];
}

/**
 * Verifies upstream's signatures in the bundle's documents, and reads every agent from these documents: the manifest
 * only selects from what upstream signed. Call when all documents are here.
 * @throws JamError JAM_METADATA_…, JAM_BUNDLE_UNPROVEN
 */
export async function verifyProofs(manifest: BundleManifest, request: ProofRequest): Promise<VerifiedProofs> {
  try {
    return await readProofs(manifest, request);
  } catch (error) {
    // No upstream is involved here: an UPSTREAM error is a fault of the bundle.
    if (isOfFamily(error, "upstream")) throw unusableProof(manifest, error);
    throw error;
  }
}

async function readProofs(manifest: BundleManifest, request: ProofRequest): Promise<VerifiedProofs> {
  const [first, ...others] = manifest.proofs as [ProofSet, ...ProofSet[]];
  const source = proofSource(first, request);
  const metadata = await readSet(first, source, request, request.accepted);
  const listed = new Map<string, Agent[]>();
  const unreadable: UnreadableProducts[] = [];
  const add = (from: UpstreamMetadata) => {
    unreadable.push(...from.unreadable);
    for (const agent of buildCatalogue(from.products).agents) {
      const name = formatAgentName(agent);
      listed.set(name, [...(listed.get(name) ?? []), agent]);
    }
  };
  add(metadata);
  const earlier: UpstreamProof[] = [];
  for (const set of others) {
    // Older documents prove older agents, so their age is expected.
    const read = await readSet(
      set,
      proofSource(set, request),
      { ...request, allow: new Set([...request.allow, "rollback"]) },
      new Map(),
    );
    add(read);
    earlier.push(proofOfSet(set, read));
  }
  return {
    metadata,
    source,
    agents: chosenAgents(manifest, listed, unreadable),
    unreadable,
    proofs: [proofOfSet(first, metadata), ...earlier],
  };
}

/**
 * What the documents of a bundle are compared with. A channel may show what the mirror's documents no longer list, so its own
 * are not compared with theirs: whether the bundle is current is decided by the history that it carries.
 */
export function acceptedHere(
  { allow }: Pick<ProofRequest, "allow">,
  {
    state,
    current,
    target,
  }: {
    readonly state: Pick<UpstreamState, "documents">;
    readonly current: Snapshot | undefined;
    readonly target: object | undefined;
  },
): Pick<ProofRequest, "accepted" | "acceptedByHash" | "allow"> {
  const acceptedByHash = acceptedBy(current);
  if (target === undefined) return { allow, accepted: state.documents, acceptedByHash };
  return { allow: new Set([...allow, "rollback"]), accepted: new Map(), acceptedByHash };
}

/** The documents of the current snapshot, by hash. */
function acceptedBy(current: Snapshot | undefined): Map<Sha256, ProvenDocument> {
  const documents = current === undefined ? [] : contentsOf(current).documents;
  return new Map(documents.map((document) => [document.sha256, document]));
}

function readSet(
  set: ProofSet,
  source: Upstream,
  request: ProofRequest,
  accepted: AcceptedDocuments,
): Promise<UpstreamMetadata> {
  const paths = new Set(set.documents.map(({ path }) => path));
  return readMetadata({
    ...request,
    source,
    accepted,
    wants: ({ path }) => path !== undefined && paths.has(path),
    // Reading again gives the same result, so there is no wait.
    sleep: async () => undefined,
    observe: () => undefined,
  });
}

function proofOfSet({ name, url, verified }: ProofSet, { documents }: UpstreamMetadata): UpstreamProof {
  return proofOf({ name, url, verifies: verified }, documents);
}

/** The stored documents of a set as a source of metadata. */
function proofSource(set: ProofSet, { documents, openTrust, allowsUnsigned }: ProofRequest): Upstream {
  const trust = requireVerifiable(set, { openTrust, allowsUnsigned });
  const byPath = new Map(set.documents.map((document) => [document.path, document]));
  return {
    name: set.name,
    url: set.url,
    verifies: set.verified,
    trustedKeys: () => trust.trustedKeys(),
    checkDocument: (arrived) => trust.check(arrived),
    async readDocument(path) {
      const document = byPath.get(path);
      if (document === undefined) return { kind: "not-found", url: `${set.url}${path}` };
      const bytes = await readKeptBytes(documents, document.sha256);
      if (bytes === undefined) throw damagedDocument(document.sha256);
      const arrived = { path, url: document.url, bytes, validators: {} };
      return {
        kind: "found",
        document: set.verified ? await trust.check(arrived) : plain(arrived, document.sha256),
      };
    },
    fetchItem: () => Promise.reject(new Error("tarballs come with the bundle")),
  };
}

function plain(
  arrived: { readonly path: string; readonly url: string; readonly bytes: Uint8Array },
  sha256: ProofSet["documents"][number]["sha256"],
) {
  const text = Buffer.from(arrived.bytes).toString("utf8");
  return { ...arrived, sha256, text, validators: {}, signature: undefined };
}

/** Each agent of the catalogue as a verified document lists it, with the path, size and hash of the manifest. */
function chosenAgents(
  manifest: BundleManifest,
  listed: ReadonlyMap<string, readonly Agent[]>,
  unreadable: readonly UnreadableProducts[],
): Agent[] {
  const unproven: string[] = [];
  const agents = manifest.catalogue.flatMap((row) =>
    row.agents.flatMap((name) => {
      const proven = (listed.get(name) ?? []).find(
        ({ path, sha256, size }) => path === row.path && sha256 === row.sha256 && size === row.size,
      );
      if (proven === undefined) unproven.push(name);
      return proven ?? [];
    }),
  );
  if (unproven.length === 0) return agents;
  const more = unproven.length > 1 ? ` and ${unproven.length - 1} more` : "";
  const [odd] = unreadable;
  const why = odd === undefined ? "" : ` ${odd.path} cannot be read: ${odd.error.message}`;
  throw new JamError(
    "JAM_BUNDLE_UNPROVEN",
    `Bundle ${manifest.id} lists ${unproven[0]}${more}, but none of upstream's documents in it does.${why}`,
    {
      hint: "Nothing was published. Make the bundle again; if the error remains, do not trust its maker.",
      details: { bundle: manifest.id, agents: unproven.slice(0, 100) },
    },
  );
}

function unusableProof({ id }: BundleManifest, cause: JamError): JamError {
  const isMixed = cause.code === "JAM_UPSTREAM_INCONSISTENT";
  return cause.with({
    code: "JAM_BUNDLE_UNPROVEN",
    prefix: `Upstream's documents in bundle ${id} cannot be verified: `,
    hint: `Nothing was published. Make the bundle again${isMixed ? "; if you trust its maker, repeat the command with --allow inconsistent" : "; if the error remains, do not trust its maker"}.`,
    details: { bundle: id },
  });
}

function damagedDocument(sha256: string): JamError {
  return new JamError("JAM_STORE_CORRUPT", `The document upstream/${sha256} does not match its hash.`, {
    hint: "Delete it in the data directory and import the bundle again.",
    details: { sha256, kind: "document" },
  });
}
