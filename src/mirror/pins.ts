import type { DocumentStore } from "../store/store.ts";
import { parseSha256, type Sha256 } from "../shared/sha256.ts";

const FORMAT = "jam-pins:1";
const NAME = /^pins-.+\.json$/;

/** Lets retention keep contents that no snapshot lists yet, for the sake of `owner`, until they are unpinned. */
export async function pinContents(
  documents: DocumentStore,
  owner: string,
  contents: Iterable<Sha256>,
): Promise<void> {
  const text = JSON.stringify({ format: FORMAT, contents: [...contents] }, undefined, 1);
  await documents.put("state", `pins-${owner}.json`, Buffer.from(`${text}\n`));
}

/** No error when nothing is pinned for `owner`. */
export async function unpinContents(documents: DocumentStore, owner: string): Promise<void> {
  await documents.delete("state", `pins-${owner}.json`);
}

/** Everything that is pinned by anybody; a damaged note pins nothing. */
export async function readPins(documents: DocumentStore): Promise<ReadonlySet<Sha256>> {
  const pinned = new Set<Sha256>();
  for (const name of await documents.list("state")) {
    const bytes = NAME.test(name) ? await documents.get("state", name) : undefined;
    for (const sha256 of parsePins(bytes)) pinned.add(sha256);
  }
  return pinned;
}

function parsePins(bytes: Uint8Array | undefined): Sha256[] {
  if (bytes === undefined) return [];
  try {
    const note = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
      format?: unknown;
      contents?: unknown;
    } | null;
    if (note?.format !== FORMAT || !Array.isArray(note.contents)) return [];
    return note.contents.flatMap((text: unknown) => parseSha256(text) ?? []);
  } catch {
    return [];
  }
}
