import type { Agent } from "../juju/agent.ts";
import type { JamError } from "../shared/errors.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { PAGE_FORMAT, parsePage, type PageFault, type PageName } from "./catalogue-page.ts";
import { corruptSnapshot, newerSnapshot, type SnapshotHeader } from "./snapshot-document.ts";

/** The agents of a page, or why it has none to give. */
export type ReadPage = (page: PageName) => Promise<readonly Agent[] | PageFault>;

/** What a catalogue is read for. */
export interface ReadingOptions {
  /**
   * Whether pages are compared with their hashes. Default true. Without that their sizes are compared: enough for a list
   * that a person reads, and nothing is decided by it. The code that hashes takes as long to load as thousands of
   * agents to list.
   */
  readonly hashes?: boolean;
}

/** The agents of a page, read now. */
export async function readPage(
  documents: Pick<DocumentStore, "get">,
  page: PageName,
  { hashes = true }: ReadingOptions = {},
): ReturnType<ReadPage> {
  const bytes = await documents.get("catalogue", page.sha256);
  if (bytes === undefined) return "missing";
  return hashes && sha256Of(bytes) !== page.sha256 ? "damaged" : parsePage(bytes, page);
}

/**
 * Reads pages and keeps what it read: have one for each task that looks at several snapshots. A page that is missing or
 * damaged is read again the next time: the task may have put it back.
 */
export function pageReader(documents: Pick<DocumentStore, "get">, options: ReadingOptions = {}): ReadPage {
  const known = new Map<Sha256, ReturnType<ReadPage>>();
  return (page) => {
    const before = known.get(page.sha256);
    if (before !== undefined) return before;
    const reading = readPage(documents, page, options).then((agents) => {
      if (!Array.isArray(agents)) known.delete(page.sha256);
      return agents;
    });
    known.set(page.sha256, reading);
    return reading;
  };
}

/**
 * The agents of one page of a snapshot.
 * @throws JamError JAM_STORE_CORRUPT when it is missing or damaged, JAM_STORE_FORMAT, JAM_STORE_IO
 */
export async function agentsOfPage(id: string, page: PageName, read: ReadPage): Promise<readonly Agent[]> {
  const agents = await read(page);
  if (agents === "missing" || agents === "damaged") throw lostPage(id, page, agents);
  if ("newerFormat" in agents) throw newerSnapshot(id, agents.newerFormat, PAGE_FORMAT);
  return agents;
}

/**
 * The agents of a snapshot. Where `minor` is given, those of that minor, or of all where it has none.
 * @throws JamError as `agentsOfPage`
 */
export async function readAgents(
  { id, catalogue }: Pick<SnapshotHeader, "id" | "catalogue">,
  read: ReadPage,
  minor?: string,
): Promise<readonly Agent[]> {
  if ("agents" in catalogue) return catalogue.agents;
  const wanted = minor === undefined ? [] : catalogue.pages.filter((page) => isMinor(page, minor));
  const pages = wanted.length === 0 ? catalogue.pages : wanted;
  const all = await Promise.all(pages.map((page) => agentsOfPage(id, page, read)));
  return all.flat();
}

function isMinor(page: PageName, minor: string): boolean {
  return numbersOf(page.minor) === numbersOf(minor);
}

/** Juju reads `3.06` as 3.6. */
function numbersOf(minor: string): string {
  return minor.split(".").map(Number).join(".");
}

/**
 * Compares the names of a snapshot's pages with those that are here; reads none of them.
 * @throws JamError JAM_STORE_CORRUPT when one is missing
 */
export async function requirePages(
  { id, catalogue }: Pick<SnapshotHeader, "id" | "catalogue">,
  documents: Pick<DocumentStore, "list">,
): Promise<void> {
  if ("agents" in catalogue) return;
  const names = new Set(await documents.list("catalogue"));
  const missing = catalogue.pages.find(({ sha256 }) => !names.has(sha256));
  if (missing !== undefined) throw lostPage(id, missing, "missing");
}

function lostPage(id: string, { sha256 }: PageName, fault: "missing" | "damaged"): JamError {
  return corruptSnapshot(id, `names ${sha256}, a page of its catalogue, which is ${fault}`);
}
