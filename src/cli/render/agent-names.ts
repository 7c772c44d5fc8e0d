import { osTypeOf } from "../../juju/release.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatRows } from "../output/table.ts";
import { foldAgents, readAgentPlace, type AgentPlace } from "../../juju/fold-agents.ts";

/** An agent of a report with why it is there. */
export interface NamedAgent {
  readonly agent: string;
  readonly reason?: string;
}

interface NamesOptions {
  /** So many more agents are not among them. Default 0. */
  readonly omitted?: number | undefined;
  /** Columns of the terminal. Default: no limit. */
  readonly width?: number;
}

/** So many lines of agents are printed before the rest becomes a number. */
const MAX_LINES = 12;

/**
 * Agents of a report as lines under `heading`, folded as `jam list` does. A reason is printed once, after the agents that it
 * is about.
 */
export async function formatAgentNames(
  heading: string,
  agents: readonly (string | NamedAgent)[],
  { omitted = 0, width = Infinity }: NamesOptions = {},
): Promise<string[]> {
  const places = agents.map((each) => {
    const { agent, reason = "" } = typeof each === "string" ? { agent: each } : each;
    return { ...readAgentPlace(agent), reason };
  });
  const lines = foldNames(places, ({ reason }) => reason);
  const shown = lines.slice(0, MAX_LINES);
  const left = lines.slice(MAX_LINES).reduce((sum, { rows }) => sum + rows.length, omitted);
  const text = await formatRows(
    shown.map(({ version, releases, arches, rows: [first] }, index) => [
      version,
      releases,
      arches,
      first?.reason === shown[index - 1]?.rows[0]?.reason ? "" : (first?.reason ?? ""),
    ]),
    width - heading.length,
  );
  const indent = " ".repeat(heading.length);
  const printed = text.split("\n").filter((line) => line !== "");
  if (left > 0) printed.push(`and ${formatCount(left, "more agent")}`);
  return printed.map((line, index) => (index === 0 ? heading : indent) + line);
}

/**
 * Lines of agents of which only the names are known. Releases of one OS type have the same tarball in all that Juju
 * publishes, so that these are the lines of `jam list`.
 */
export function foldNames<Row extends AgentPlace>(rows: readonly Row[], shown: (row: Row) => string) {
  return foldAgents(rows, { tarball: ({ release }) => osTypeOf(release) ?? release, shown });
}
