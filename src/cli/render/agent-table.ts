import { sumTarballBytes } from "../../juju/agent.ts";
import type { AgentsDocument } from "../../mirror/agents-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatTable } from "../output/table.ts";
import { foldAgents, type AgentLine } from "./fold-agents.ts";

type AgentRow = AgentsDocument["agents"][number];

/** Held agents with series and architectures folded, and the totals in the last line. */
export async function renderAgents(agents: readonly AgentRow[]): Promise<string> {
  if (agents.length === 0) return "";
  const lines = foldAgents(agents, {
    tarball: ({ sha256 }) => sha256,
    shown: ({ streams }) => [streams.toSorted().join(",")],
  });
  const full = await formatLines(lines);
  // SIZE stands right in the last column, so every line is as wide as the first.
  const table =
    full.indexOf("\n") <= MAX_WIDTH
      ? full
      : await formatLines(
          lines.map((line) => ({ ...line, releases: line.releases.replace(" series)", ")") })),
        );
  const tarballs = new Set(agents.map(({ sha256 }) => sha256)).size;
  return `${table}${formatCount(agents.length, "agent")}, ${formatCount(tarballs, "tarball")}, ${formatByteSize(sumTarballBytes(agents))}\n`;
}

/** In wider tables the word series is left out. */
const MAX_WIDTH = 80;

function formatLines(lines: readonly AgentLine<AgentRow>[]): Promise<string> {
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "STREAMS" },
      { heading: "SIZE", align: "right" },
    ],
    lines.map(({ version, releases, arches, rows }) => [
      version,
      releases,
      arches,
      rows[0]?.streams.join(",") ?? "",
      formatByteSize(sumTarballBytes(rows)),
    ]),
  );
}

/** One line per agent, with the path of its tarball. */
export async function renderEveryAgent(agents: readonly AgentRow[]): Promise<string> {
  if (agents.length === 0) return "";
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "STREAMS" },
      { heading: "SIZE", align: "right" },
      { heading: "PATH" },
    ],
    agents.map(({ version, release, arch, streams, size, path }) => [
      version,
      release,
      arch,
      streams.join(","),
      formatByteSize(size),
      path,
    ]),
  );
}
