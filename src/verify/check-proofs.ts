import { readOffer } from "../mirror/offer.ts";
import { readPinnedContents } from "../mirror/pinned-contents.ts";
import { readRefusedContents } from "../mirror/pins.ts";
import { proofsOf, type ProvenDocument, type Snapshot, type UpstreamProof } from "../mirror/snapshot.ts";
import { readUpstreamState } from "../mirror/upstream-state.ts";
import { isOfFamily, toJamError } from "../shared/errors.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import { sha256Of } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { FoundFact } from "./finding.ts";
import type { OpenTrust } from "./trust.ts";

/** Upstream's documents that were looked at, and what is wrong with them. */
export interface CheckedProofs {
  readonly documents: number;
  /** Documents whose signatures were verified again. */
  readonly signatures: number;
  readonly facts: readonly FoundFact[];
}

interface Proof {
  readonly document: ProvenDocument;
  /** Undefined for what is recorded as accepted and no snapshot rests on. */
  readonly upstream: UpstreamProof | undefined;
}

/**
 * Reads every document of upstream that a snapshot rests on, compares it with its hash and verifies its signature again
 * with the keys of today.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function checkProofs(
  store: Pick<Store, "documents">,
  snapshots: readonly Snapshot[],
  { openTrust, signal }: { readonly openTrust: OpenTrust; readonly signal: AbortSignal },
): Promise<CheckedProofs> {
  const { documents } = store;
  const proofs = await collectProofs(documents, snapshots);
  const facts: FoundFact[] = [];
  let signatures = 0;
  const check = async ([sha256, proof]: [string, Proof]): Promise<void> => {
    signal.throwIfAborted();
    const { document, upstream } = proof;
    const where = `upstream/${sha256}`;
    const { path } = document;
    const named = `${path} of ${upstream?.name ?? document.url}`;
    try {
      const bytes = await documents.get("upstream", sha256);
      if (bytes === undefined)
        facts.push({ kind: "proof-missing", where, path, found: `${named} is not there` });
      else if (sha256Of(bytes) !== sha256)
        facts.push({
          kind: "proof-altered",
          where,
          path,
          found: `${named} has the SHA-256 ${sha256Of(bytes)}`,
        });
      else if (upstream?.verified === true && document.signedBy !== undefined) {
        signatures += 1;
        const refusal = await findRefusal(openTrust, { document, upstream }, bytes);
        if (refusal !== undefined) facts.push({ kind: "proof-refused", where, path, found: refusal });
      }
    } catch (error) {
      signal.throwIfAborted();
      facts.push({ kind: "proof-unreadable", where, path, found: toJamError(error).message });
    }
  };
  await mapConcurrently(proofs, check, DOCUMENTS_AT_ONCE);
  facts.push(...(await findExtra(documents, new Set(proofs.keys()))));
  return { documents: proofs.size, signatures, facts };
}

async function collectProofs(
  documents: Pick<Store["documents"], "get">,
  snapshots: readonly Snapshot[],
): Promise<Map<string, Proof>> {
  const proofs = new Map<string, Proof>();
  const offer = await readOffer(documents);
  const resting = offer === undefined ? snapshots : [...snapshots, offer];
  for (const upstream of resting.flatMap((one) => proofsOf(one)))
    for (const document of upstream.documents) proofs.set(document.sha256, { document, upstream });
  const accepted = await readUpstreamState(documents, snapshots.at(-1));
  for (const document of [...accepted.documents.values(), ...[...accepted.further.values()].flat()])
    if (!proofs.has(document.sha256)) proofs.set(document.sha256, { document, upstream: undefined });
  return proofs;
}

/** Why its signature is not accepted today; undefined when it is. An expired key signed while it was valid. */
async function findRefusal(
  openTrust: OpenTrust,
  { document, upstream }: { readonly document: ProvenDocument; readonly upstream: UpstreamProof },
  bytes: Uint8Array,
): Promise<string | undefined> {
  const { path, url } = document;
  try {
    const trust = openTrust(upstream);
    if (trust.verifies) await trust.check({ path, url, bytes, validators: {} });
    return undefined;
  } catch (error) {
    const { code, message } = toJamError(error);
    if (code === "JAM_METADATA_KEY_EXPIRED") return undefined;
    // The check of settings names a keyring that cannot be read.
    if (code === "JAM_KEYRING_INVALID") return undefined;
    if (!isOfFamily(error, "metadata", "upstream")) throw error;
    return message;
  }
}

/** Kept documents that nothing names; bundles that are not complete yet name some. */
async function findExtra(documents: Store["documents"], known: ReadonlySet<string>): Promise<FoundFact[]> {
  const names = (await documents.list("upstream")).filter((name) => !known.has(name));
  if (names.length === 0) return [];
  const pinned = new Set<string>([
    ...(await readPinnedContents(documents)),
    ...(await readRefusedContents(documents)).keys(),
  ]);
  return names
    .filter((name) => !pinned.has(name))
    .map((name) => ({ kind: "proof-extra", where: `upstream/${name}`, found: "no kept snapshot names it" }));
}
