import { formatAgentName, type Agent } from "../juju/agent.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { DAMAGE_PREFIX, listDamaged } from "./damaged-list.ts";
import { stateDocuments } from "./state-document.ts";

/** What is known of a tarball whose bytes are not those of its name, or that is missing. */
export interface DamageNote {
  /** What was found, for people. */
  readonly how: string;
  /** ISO 8601. */
  readonly foundAt: string;
  /** The command that found it: `jam serve`. */
  readonly foundBy: string;
  /** True when no published tree shows it any more. */
  readonly isWithdrawn: boolean;
}

/** A damaged tarball. */
export interface DamagedBlob extends DamageNote {
  readonly sha256: Sha256;
}

/**
 * One note for each damaged tarball, so that a server can leave one while another process writes. As
 * long as it is there, no index lists the tarball; who has the lease and finds the tarball whole deletes it.
 */
const notes = stateDocuments<DamageNote>({
  prefix: DAMAGE_PREFIX,
  format: "jam-damaged-blob:1",
  schema: (zod) =>
    zod.object({
      how: zod.string(),
      foundAt: zod.iso.datetime(),
      foundBy: zod.string(),
      isWithdrawn: zod.boolean(),
    }),
  damage: {
    countsAs: {
      how: "its note cannot be read",
      foundAt: "1970-01-01T00:00:00.000Z",
      foundBy: "jam",
      isWithdrawn: false,
    },
  },
});

/** Damage that was found just now. */
export type FoundDamage = Omit<DamagedBlob, "isWithdrawn">;

/** Notes that a tarball is damaged. What was noted before stays. */
export async function noteDamage(
  documents: Pick<DocumentStore, "get" | "put">,
  { sha256, ...found }: FoundDamage,
): Promise<void> {
  const note = notes.of(sha256);
  if ((await note.read(documents)) === undefined)
    await note.write(documents, { ...found, isWithdrawn: false });
}

/** Notes that no published tree shows a damaged tarball any more. */
export async function noteWithdrawn(
  documents: Pick<DocumentStore, "put">,
  { sha256, ...note }: DamagedBlob,
): Promise<void> {
  await notes.of(sha256).write(documents, { ...note, isWithdrawn: true });
}

/** Deletes the note on a tarball that is whole, or that no snapshot lists any longer. Call with the lease held. */
export async function clearDamage(documents: Pick<DocumentStore, "delete">, sha256: Sha256): Promise<void> {
  await notes.of(sha256).delete(documents);
}

/** Every tarball that is noted as damaged. */
export async function readDamaged(documents: Pick<DocumentStore, "get" | "list">): Promise<DamagedBlob[]> {
  const found = await mapConcurrently(await listDamaged(documents), async (sha256) => {
    const note = await notes.of(sha256).read(documents);
    return note && { sha256, ...note };
  });
  return found.filter((one) => one !== undefined);
}

/** Damaged tarballs for people: names of the agents that list them, the start of the hash where none of these does. */
export function nameDamaged(damaged: Iterable<Sha256>, agents: readonly Agent[]): string[] {
  const byHash = Map.groupBy(agents, ({ sha256 }) => sha256);
  return [...damaged].flatMap(
    (sha256) => byHash.get(sha256)?.map(formatAgentName) ?? [`blob ${sha256.slice(0, 12)}…`],
  );
}
