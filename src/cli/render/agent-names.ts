import { parseAgentBinary } from "../../juju/agent.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatRows } from "../output/table.ts";
import { foldAgents, type AgentPlace } from "./agent-table.ts";

/** An agent of a report with why it is there. */
export interface NamedAgent {
  readonly agent: string;
  readonly reason?: string;
}

/** So many lines of agents are printed before the rest becomes a number. */
const MAX_LINES = 12;

/**
 * Agents of a report as lines under `heading`, series and architectures folded; `omitted` more are not among them.
 * A report does not know tarballs: a line says which agents the run named.
 */
export async function formatAgentNames(
  heading: string,
  agents: readonly (string | NamedAgent)[],
  omitted = 0,
): Promise<string[]> {
  const places = agents.map((each) => {
    const { agent, reason = "" } = typeof each === "string" ? { agent: each } : each;
    return { ...readAgentPlace(agent), reason };
  });
  const lines = foldAgents(places, { tarball: () => "", shown: ({ reason }) => [reason] });
  const shown = lines.slice(0, MAX_LINES);
  const left = lines.slice(MAX_LINES).reduce((sum, { rows }) => sum + rows.length, omitted);
  const text = await formatRows(
    shown.map(({ version, releases, arches, rows }) => [version, releases, arches, rows[0]?.reason ?? ""]),
  );
  const indent = " ".repeat(heading.length);
  const printed = text.split("\n").filter((line) => line !== "");
  if (left > 0) printed.push(`and ${formatCount(left, "more agent")}`);
  return printed.map((line, index) => (index === 0 ? heading : indent) + line);
}

/** Where an agent of this name belongs; a name that Juju does not read as an agent's stands alone. */
export function readAgentPlace(name: string): AgentPlace {
  try {
    const { version, release, arch } = parseAgentBinary(name);
    return { version, release, arch };
  } catch {
    return { version: name, release: "", arch: "" };
  }
}
