import type { DocumentStore } from "../store/store.ts";
import { parseSha256, type Sha256 } from "../shared/sha256.ts";

const NAME = "refused-contents.json";
const FORMAT = "jam-refused-contents:1";

/** Contents that came with something that was refused, and when: they stay for the grace period and no longer. */
export type RefusedContents = ReadonlyMap<Sha256, Date>;

/** None where nothing was refused or the note is damaged: then they stay as what a cut-off run left. */
export async function readRefusedContents(documents: Pick<DocumentStore, "get">): Promise<RefusedContents> {
  const bytes = await documents.get("state", NAME);
  if (bytes === undefined) return new Map();
  try {
    const note = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
      format?: unknown;
      contents?: readonly (readonly [unknown, unknown])[];
    } | null;
    if (note?.format !== FORMAT || !Array.isArray(note.contents)) return new Map();
    const entries = note.contents.flatMap(([hash, at]): [Sha256, Date][] => {
      const sha256 = parseSha256(hash);
      const date = new Date(String(at));
      return sha256 === undefined || Number.isNaN(date.getTime()) ? [] : [[sha256, date]];
    });
    return new Map(entries);
  } catch {
    return new Map();
  }
}

/** Adds contents to what was refused, durably; those that are not held any more are forgotten. */
export async function noteRefusedContents(
  documents: Pick<DocumentStore, "get" | "put">,
  contents: Iterable<Sha256>,
  { now, isHeld }: { readonly now: Date; readonly isHeld: (sha256: Sha256) => Promise<boolean> },
): Promise<void> {
  const all = new Map(await readRefusedContents(documents));
  for (const sha256 of contents) if (!all.has(sha256)) all.set(sha256, now);
  const held: [Sha256, string][] = [];
  for (const [sha256, at] of all) if (await isHeld(sha256)) held.push([sha256, at.toISOString()]);
  const text = JSON.stringify({ format: FORMAT, contents: held });
  await documents.put("state", NAME, Buffer.from(`${text}\n`));
}
