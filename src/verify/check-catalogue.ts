import { formatAgentName } from "../juju/agent.ts";
import { keptTexts, readProvenProducts } from "../mirror/proofs.ts";
import { proofsOf, type Snapshot, type UpstreamProof } from "../mirror/snapshot.ts";
import { isJamError } from "../shared/errors.ts";
import type { Store } from "../store/store.ts";
import type { FoundFact } from "./finding.ts";

/** Agents that one finding names; the others are counted. */
const MAX_NAMED = 20;

/** What the documents of one proof list; undefined where they cannot be read. */
type Proven = ReadonlySet<string> | undefined;

/**
 * Compares what snapshots list with upstream's documents that they rest on: path, size and hash of every agent. Where a
 * document cannot be read that is not known; the check of proofs names it.
 * @throws JamError JAM_STORE_…
 */
export async function checkCatalogue(
  { documents }: Pick<Store, "documents">,
  snapshots: readonly Snapshot[],
): Promise<FoundFact[]> {
  const known = new Map<string, Proven>();
  const facts: FoundFact[] = [];
  for (const snapshot of snapshots) {
    const proven: Proven[] = [];
    for (const proof of proofsOf(snapshot)) {
      const key = proof.documents.map(({ sha256 }) => sha256).join();
      if (!known.has(key)) known.set(key, await readProven(documents, proof));
      proven.push(known.get(key));
    }
    const names = findUnproven(snapshot, proven);
    if (names.length === 0) continue;
    const shown = names.slice(0, MAX_NAMED);
    facts.push({
      kind: "catalogue-unproven",
      where: `snapshots/${snapshot.id}.json`,
      found: `upstream's documents do not list ${shown.join(", ")}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""} as it does`,
      agents: shown,
    });
  }
  return facts;
}

function findUnproven({ agents }: Snapshot, proven: readonly Proven[]): string[] {
  if (proven.includes(undefined)) return [];
  return agents
    .filter((agent) => !proven.some((items) => items?.has(keyOf(agent)) === true))
    .map(formatAgentName);
}

async function readProven(documents: Pick<Store["documents"], "get">, proof: UpstreamProof): Promise<Proven> {
  try {
    const products = await readProvenProducts(proof.documents, keptTexts(documents));
    if (products === undefined) return undefined;
    return new Set([...products.values()].flatMap(({ items }) => items.map(keyOf)));
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

function keyOf({
  path,
  size,
  sha256,
}: {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}) {
  return `${path} ${size} ${sha256}`;
}
