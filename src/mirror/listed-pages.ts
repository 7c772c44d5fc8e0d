import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { agentsOfPage, type ReadPage } from "./catalogue.ts";
import type { PageName } from "./catalogue-page.ts";
import { unlessDamaged } from "./read-snapshots.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";

/** A part of what snapshots list: a page, or all of a snapshot that has its agents in its own document. */
export interface ListedPage {
  /** Undefined for a snapshot that has its agents in its own document. */
  readonly page: PageName | undefined;
  /** Undefined where the page cannot be read. */
  readonly agents: readonly Agent[] | undefined;
  /** ISO 8601; the one of the times of the snapshots that have it which was asked for. */
  readonly at: string;
}

export interface ListedPagesOptions {
  readonly read: ReadPage;
  /** The time of a snapshot, ISO 8601. */
  readonly timeOf: (header: SnapshotHeader) => string;
  /** Which time counts for a page that several snapshots have. */
  readonly which: "earliest" | "latest";
  /** Names of pages that are left out. Default: none. */
  readonly leftOut?: ReadonlySet<string>;
}

/** What these snapshots list; each page is read once, however many of them have it. */
export async function* listedPages(
  headers: readonly SnapshotHeader[],
  { read, timeOf, which, leftOut }: ListedPagesOptions,
): AsyncGenerator<ListedPage> {
  const pages = new Map<Sha256, { readonly id: string; readonly page: PageName; readonly at: string }>();
  for (const header of headers) {
    const { id, catalogue } = header;
    const at = timeOf(header);
    if ("agents" in catalogue) {
      yield { page: undefined, agents: catalogue.agents, at };
      continue;
    }
    for (const page of catalogue.pages) {
      if (leftOut?.has(page.sha256) === true) continue;
      const before = pages.get(page.sha256)?.at;
      const counts = before === undefined || (which === "earliest" ? at < before : at >= before);
      if (counts) pages.set(page.sha256, { id, page, at });
    }
  }
  for (const { id, page, at } of pages.values())
    yield { page, agents: await unlessDamaged(agentsOfPage(id, page, read)), at };
}
