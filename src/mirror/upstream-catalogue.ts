import { sha256Of } from "../shared/sha256.ts";
import { SIGNED_TEXT_RULES } from "../simplestreams/signed-text.ts";
import type { DocumentStore } from "../store/store.ts";
import type { PageName } from "./catalogue-page.ts";
import { isPageName } from "./snapshot-document.ts";

/** The note on what was accepted of upstreams. */
export const UPSTREAM_MEMORY = "upstream-memory.json";

const NAME = "upstream-catalogue.json";
const UPSTREAM_CATALOGUE_FORMAT = "jam-upstream-catalogue:1";

/**
 * Everything that the accepted documents of upstream list, as pages: answers need not parse these documents again, which
 * takes a second for ten thousand agents. It can be made again at any time, so damage counts as absent.
 */
interface UpstreamCatalogue {
  readonly format: typeof UPSTREAM_CATALOGUE_FORMAT;
  /** The note on what was accepted, as it was then: while it is the same, so is what upstream listed. */
  readonly memory: string;
  /** The rules by which the documents were read. */
  readonly rules: number;
  readonly pages: readonly PageName[];
}

type Reader = Pick<DocumentStore, "get">;

/** The pages of what upstream listed at the last run; undefined where they are not known to be those of today. */
export async function readUpstreamPages(documents: Reader): Promise<readonly PageName[] | undefined> {
  const kept = await readNote(documents);
  if (kept?.rules !== SIGNED_TEXT_RULES) return undefined;
  return kept.memory === (await readMemory(documents)) ? kept.pages : undefined;
}

/** The pages that the note names, of today or not: they are kept as long as it is there. */
export async function namedUpstreamPages(documents: Reader): Promise<readonly PageName[]> {
  return (await readNote(documents))?.pages ?? [];
}

/** Replaces the note; call it after the note on what was accepted has been written, and after the pages. */
export async function writeUpstreamPages(
  documents: Pick<DocumentStore, "get" | "put">,
  pages: readonly PageName[],
): Promise<void> {
  const memory = await readMemory(documents);
  if (memory === undefined) return;
  const note: UpstreamCatalogue = {
    format: UPSTREAM_CATALOGUE_FORMAT,
    memory,
    rules: SIGNED_TEXT_RULES,
    pages,
  };
  const bytes = Buffer.from(`${JSON.stringify(note)}\n`);
  const before = await documents.get("state", NAME);
  if (before === undefined || Buffer.compare(before, bytes) !== 0) await documents.put("state", NAME, bytes);
}

/** Deletes the note. No error when there is none. */
export async function deleteUpstreamPages(documents: Pick<DocumentStore, "delete">): Promise<void> {
  await documents.delete("state", NAME);
}

/** Changes whenever what earlier runs accepted changes; cheap to compare. */
export async function upstreamStateMark(documents: Reader): Promise<string> {
  const bytes = await documents.get("state", UPSTREAM_MEMORY);
  return bytes === undefined ? "" : sha256Of(bytes);
}

async function readNote(documents: Reader): Promise<UpstreamCatalogue | undefined> {
  const bytes = await documents.get("state", NAME);
  if (bytes === undefined) return undefined;
  try {
    const note = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<UpstreamCatalogue> | null;
    const isOurs = note?.format === UPSTREAM_CATALOGUE_FORMAT && typeof note.memory === "string";
    return isOurs && Array.isArray(note.pages) && note.pages.every(isPageName)
      ? (note as UpstreamCatalogue)
      : undefined;
  } catch {
    return undefined;
  }
}

async function readMemory(documents: Reader): Promise<string | undefined> {
  const bytes = await documents.get("state", UPSTREAM_MEMORY);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
}
