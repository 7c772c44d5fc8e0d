import type { Agent } from "../juju/agent.ts";
import { parseSha256, type Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";

/** How the names of the notes on damaged tarballs begin, under `state/`: the hash follows. */
export const DAMAGE_PREFIX = "damaged-";

/**
 * The hashes of the tarballs that are noted as damaged. Reads no note, so that commands which only list agents need not
 * load what parses notes.
 */
export async function listDamaged(documents: Pick<DocumentStore, "list">): Promise<Set<Sha256>> {
  const names = await documents.list("state");
  const hashes = names
    .filter((name) => name.startsWith(DAMAGE_PREFIX))
    .map((name) => parseSha256(name.slice(DAMAGE_PREFIX.length).replace(/\.json$/, "")));
  return new Set(hashes.filter((sha256) => sha256 !== undefined));
}

/** The agents of a snapshot that the mirror lists now: those with a damaged tarball are withdrawn until it is whole again. */
export async function listShownAgents(
  documents: Pick<DocumentStore, "list">,
  agents: readonly Agent[],
): Promise<readonly Agent[]> {
  const damaged = await listDamaged(documents);
  return damaged.size === 0 ? agents : agents.filter(({ sha256 }) => !damaged.has(sha256));
}
