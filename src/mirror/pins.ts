import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { DocumentStore } from "../store/store.ts";
import { isSha256, type Sha256 } from "../shared/sha256.ts";
import { stateDocument, stateDocuments } from "./state-document.ts";

const pins = stateDocuments({
  prefix: "pins-",
  format: "jam-pins:1",
  schema: (zod) => zod.object({ contents: zod.array(zod.custom<Sha256>(isSha256)) }),
  damage: "absent",
});

const refused = stateDocument({
  name: "refused-contents.json",
  format: "jam-refused-contents:1",
  schema: (zod) =>
    zod.object({ contents: zod.array(zod.tuple([zod.custom<Sha256>(isSha256), zod.iso.datetime()])) }),
  // What is not noted stays as long as what a cut-off run left.
  damage: "absent",
  indent: 0,
});

/** Lets retention keep contents that no snapshot lists yet, for the sake of `owner`, until they are unpinned. */
export async function pinContents(
  documents: Pick<DocumentStore, "put">,
  owner: string,
  contents: Iterable<Sha256>,
): Promise<void> {
  await pins.of(owner).write(documents, { contents: [...contents] });
}

/** No error when nothing is pinned for `owner`. */
export async function unpinContents(documents: Pick<DocumentStore, "delete">, owner: string): Promise<void> {
  await pins.of(owner).delete(documents);
}

/** Everything that is pinned by anybody; a damaged note pins nothing. */
export async function readPins(documents: Pick<DocumentStore, "get" | "list">): Promise<ReadonlySet<Sha256>> {
  const pinned = new Set<Sha256>();
  for (const owner of await pins.keys(documents)) {
    const note = await pins.of(owner).read(documents);
    for (const sha256 of note?.contents ?? []) pinned.add(sha256);
  }
  return pinned;
}

/** Contents that came with something that was refused, and when: they stay for the grace period and no longer. */
export type RefusedContents = ReadonlyMap<Sha256, Date>;

/** None where nothing was refused, or the note is damaged. */
export async function readRefusedContents(documents: Pick<DocumentStore, "get">): Promise<RefusedContents> {
  const note = await refused.read(documents);
  return new Map(note?.contents.map(([sha256, at]) => [sha256, new Date(at)]));
}

/** Adds contents to what was refused, durably; those that are no longer held are removed from the note. */
export async function noteRefusedContents(
  documents: Pick<DocumentStore, "get" | "put">,
  contents: Iterable<Sha256>,
  { now, isHeld }: { readonly now: Date; readonly isHeld: (sha256: Sha256) => Promise<boolean> },
): Promise<void> {
  const all = new Map(await readRefusedContents(documents));
  for (const sha256 of contents) if (!all.has(sha256)) all.set(sha256, now);
  const held = await mapConcurrently(all.keys(), isHeld);
  const kept = [...all].filter((_, at) => held[at]);
  await refused.write(documents, {
    contents: kept.map(([sha256, at]): [Sha256, string] => [sha256, at.toISOString()]),
  });
}
