import { countTarballs, listStreams, sumTarballBytes, type Agent } from "../juju/agent.ts";
import { JamError } from "../shared/errors.ts";
import { isNewerFormat } from "../shared/format-name.ts";
import { parseSha256 } from "../shared/sha256.ts";
import type { PageName } from "./catalogue-page.ts";
import type { SnapshotEnvelope } from "./snapshot.ts";

/** What a catalogue has, counted when it was written. */
export interface CatalogueCounts {
  readonly agents: number;
  readonly tarballs: number;
  /** Bytes of the tarballs, each counted once. */
  readonly bytes: number;
  /** Agents of each stream. */
  readonly streams: Readonly<Record<string, number>>;
}

/** A snapshot as it is known without reading its agents. */
export interface SnapshotHeader extends SnapshotEnvelope {
  readonly counts: CatalogueCounts;
  /** Where its agents are: in pages, or in its own document where an earlier version wrote it. */
  readonly catalogue: { readonly pages: readonly PageName[] } | { readonly agents: readonly Agent[] };
}

/** The format of `snapshots/<id>.json`. */
export const SNAPSHOT_FORMAT = "jam-snapshot:2";

/** Had the agents in the same document. */
const FIRST_FORMAT = "jam-snapshot:1";

/** Counts the agents of a catalogue. */
export function countCatalogue(agents: readonly Agent[]): CatalogueCounts {
  const streams: Record<string, number> = {};
  for (const agent of agents)
    for (const stream of listStreams(agent)) streams[stream] = (streams[stream] ?? 0) + 1;
  return {
    agents: agents.length,
    tarballs: countTarballs(agents),
    bytes: sumTarballBytes(agents),
    streams,
  };
}

/**
 * The header in a document. Only the envelope is checked: the document was written by this program
 * and made visible whole.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_FORMAT
 */
export function parseHeader(bytes: Uint8Array, id: string): SnapshotHeader {
  let document: Record<string, unknown> | null;
  try {
    document = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown> | null;
  } catch (cause) {
    throw corruptSnapshot(id, "is not JSON", cause);
  }
  const { format, counts, pages, agents, sum: _sum, ...envelope } = document ?? {};
  if (format !== SNAPSHOT_FORMAT && format !== FIRST_FORMAT) {
    if (!isNewerFormat(format, SNAPSHOT_FORMAT))
      throw corruptSnapshot(id, `is not of the format ${SNAPSHOT_FORMAT}`);
    throw newerSnapshot(id, format, SNAPSHOT_FORMAT);
  }
  const own = envelope as unknown as SnapshotEnvelope;
  const misfit = () => corruptSnapshot(id, "does not contain the snapshot of its name");
  if (own.id !== id) throw misfit();
  if (format === FIRST_FORMAT) {
    if (!Array.isArray(agents)) throw misfit();
    return { ...own, counts: countCatalogue(agents as Agent[]), catalogue: { agents: agents as Agent[] } };
  }
  if (!isCounts(counts) || !Array.isArray(pages) || !pages.every(isPageName)) throw misfit();
  return { ...own, counts, catalogue: { pages } };
}

function isCounts(counts: unknown): counts is CatalogueCounts {
  const { agents, tarballs, bytes, streams } = (counts ?? {}) as Partial<CatalogueCounts>;
  return [agents, tarballs, bytes].every(Number.isSafeInteger) && typeof streams === "object";
}

/** True for what names a page. */
export function isPageName(page: unknown): page is PageName {
  const { minor, sha256, size, agents } = (page ?? {}) as Partial<PageName>;
  return (
    typeof minor === "string" &&
    parseSha256(sha256) !== undefined &&
    Number.isSafeInteger(size) &&
    Number.isSafeInteger(agents)
  );
}

/** The error for a snapshot that a newer version wrote, all of it or a page. */
export function newerSnapshot(id: string, found: string, known: string): JamError {
  return new JamError(
    "JAM_STORE_FORMAT",
    `Snapshot ${id} has the format ${found}; this jam reads ${known}.`,
    {
      hint: "Use the newer jam that wrote it, or another data directory. Nothing was changed.",
      details: { snapshot: id, found, supported: known },
    },
  );
}

/** The error for a snapshot that cannot be read because of what is in it. `what` ends the sentence. */
export function corruptSnapshot(id: string, what: string, cause?: unknown): JamError {
  return new JamError("JAM_STORE_CORRUPT", `Snapshot ${id} ${what}.`, {
    cause,
    hint: "Run `jam sync` to publish a fresh snapshot.",
    details: { snapshot: id },
  });
}
