import { countTarballs, sumTarballBytes } from "../../juju/agent.ts";
import { foldAgents, readAgentPlace, type AgentLine } from "../../juju/fold-agents.ts";
import type { AgentsDocument } from "../../mirror/agents-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatTable } from "../output/table.ts";
import { formatTotals, type Totals } from "./totals.ts";

type AgentRow = AgentsDocument["agents"][number];

/** Held agents with series and architectures folded, and the totals in the last line. */
export async function renderAgents(agents: readonly AgentRow[], width = Infinity): Promise<string> {
  if (agents.length === 0) return "";
  const lines = foldAgents(agents, {
    tarball: ({ sha256 }) => sha256,
    shown: ({ streams, held = "" }) =>
      `${streams.length === 1 ? (streams[0] ?? "") : streams.toSorted().join(",")}\0${held}`,
  });
  const full = await formatLines(lines, Infinity);
  // SIZE stands right in the last column, so every line is as wide as the first.
  const table =
    full.indexOf("\n") <= MAX_WIDTH
      ? full
      : await formatLines(
          lines.map((line) => ({ ...line, releases: line.releases.replace(" series)", ")") })),
          width,
        );
  return `${table}${formatTotals(totalsOf(agents))}\n`;
}

function totalsOf(agents: readonly Pick<AgentRow, "sha256" | "size">[]): Totals {
  return { agents: agents.length, tarballs: countTarballs(agents), bytes: sumTarballBytes(agents) };
}

/** Tarballs with the names of their agents, folded like agents that are held. */
export function renderTarballs(
  tarballs: readonly (Pick<AgentRow, "sha256" | "size"> & { readonly agents: readonly string[] })[],
  width: number,
): Promise<string> | string {
  if (tarballs.length === 0) return "";
  const agents = tarballs.flatMap(({ agents: names, sha256, size }) =>
    names.map((name) => ({ ...readAgentPlace(name), sha256, size })),
  );
  const lines = foldAgents(agents, { tarball: ({ sha256 }) => sha256, shown: () => "" });
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "SIZE", align: "right" },
    ],
    lines.map(({ version, releases, arches, rows }) => [
      version,
      releases,
      arches,
      formatByteSize(sumTarballBytes(rows)),
    ]),
    width,
  );
}

/** In wider tables the word series is left out. */
const MAX_WIDTH = 80;

/** A mirror in cache mode says why it holds each agent. */
function headingOf(rows: readonly AgentRow[]): readonly { readonly heading: string }[] {
  return rows.some(({ held }) => held !== undefined) ? [{ heading: "HELD" }] : [];
}

function heldOf(rows: readonly AgentRow[]): readonly string[] {
  return rows.flatMap(({ held }) => held ?? []);
}

function formatLines(lines: readonly AgentLine<AgentRow>[], width: number): Promise<string> {
  const rows = lines.flatMap((line) => line.rows);
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "STREAMS" },
      ...headingOf(rows),
      { heading: "SIZE", align: "right" },
    ],
    lines.map((line) => [
      line.version,
      line.releases,
      line.arches,
      line.rows[0]?.streams.join(",") ?? "",
      ...heldOf(line.rows.slice(0, 1)),
      formatByteSize(sumTarballBytes(line.rows)),
    ]),
    width,
  );
}

/** One line per agent, with the path of its tarball. */
export async function renderEveryAgent(agents: readonly AgentRow[], width: number): Promise<string> {
  if (agents.length === 0) return "";
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "STREAMS" },
      ...headingOf(agents),
      { heading: "SIZE", align: "right" },
      { heading: "PATH" },
    ],
    agents.map((agent) => [
      agent.version,
      agent.release,
      agent.arch,
      agent.streams.join(","),
      ...heldOf([agent]),
      formatByteSize(agent.size),
      agent.path,
    ]),
    width,
  );
}
