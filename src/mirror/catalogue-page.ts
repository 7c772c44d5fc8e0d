import { formatAgentName, type Agent } from "../juju/agent.ts";
import { isNewerFormat } from "../shared/format-name.ts";
import type { Sha256 } from "../shared/sha256.ts";

/** The agents of one minor. Snapshots that list the same ones name the same page. */
export interface PageName {
  /** `3.6`; empty for versions that have none. */
  readonly minor: string;
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  readonly agents: number;
}

export const PAGE_FORMAT = "jam-catalogue:1";

const MINOR = /^\d+\.\d+/;

/** The minor of a version or of what begins like one, as its page is named. */
export function minorOf(version: string): string {
  return MINOR.exec(version)?.[0] ?? "";
}

/** Agents by minor. In each of them, and in all together, they are in the order of their names. */
export function divideCatalogue(agents: readonly Agent[]): Map<string, Agent[]> {
  const names = new Map(agents.map((agent) => [agent, formatAgentName(agent)]));
  const nameOf = (agent: Agent) => names.get(agent) ?? "";
  const sorted = agents.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
  return Map.groupBy(sorted, ({ version }) => minorOf(version));
}

/** The bytes of a page. The same agents give the same bytes. */
export function formatPage(minor: string, agents: readonly Agent[]): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: PAGE_FORMAT, minor, agents })}\n`);
}

/** Why a page has no agents to give. */
export type PageFault = "missing" | "damaged" | { readonly newerFormat: string };

/**
 * The agents of a page. Only the envelope is looked at: its name is the hash of what this program wrote.
 */
export function parsePage(bytes: Uint8Array, page: PageName): readonly Agent[] | PageFault {
  if (bytes.length !== page.size) return "damaged";
  let document: { format?: unknown; agents?: unknown } | null;
  try {
    document = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch {
    return "damaged";
  }
  const format = document?.format;
  if (isNewerFormat(format, PAGE_FORMAT)) return { newerFormat: format };
  const agents = document?.agents;
  const isWhole = format === PAGE_FORMAT && Array.isArray(agents) && agents.length === page.agents;
  return isWhole ? (agents as readonly Agent[]) : "damaged";
}
