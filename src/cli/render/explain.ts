import type { ExplainDocument, ExplainedAgent } from "../../mirror/explain-document.ts";
import { printable } from "../../shared/printable.ts";
import type { Page } from "../output/output.ts";
import { formatRows } from "../output/table.ts";
import { foldAgents, readAgentPlace, type AgentPlace } from "../../juju/fold-agents.ts";
import { withoutSubject } from "./reasons.ts";

/** How explanations are shown. */
export interface ExplainView extends Page {
  /** Where what is known of upstream comes from. */
  readonly source: ExplainDocument["source"];
  /** Whether clients can have what is not held, as in cache mode. Default false. */
  readonly isCache?: boolean;
  /** The channel that is explained; undefined for the mirror. */
  readonly channel?: string | undefined;
}

type Row = ExplainedAgent & AgentPlace;

/** Agents with the same answer of the rules together, and the conditions of the rules once, at the end. */
export async function renderExplanations(
  agents: readonly ExplainedAgent[],
  view: ExplainView,
): Promise<string> {
  const rows = agents
    .map((agent): Row => ({ ...agent, ...readAgentPlace(agent.agent) }))
    .sort((a, b) => rankOf(a) - rankOf(b));
  const order = [...new Set(agents.map(({ agent }) => readAgentPlace(agent).version))];
  const parts: string[] = [];
  for (const [head, alike] of Map.groupBy(rows, (row) => headOf(row, view))) {
    parts.push(`${head}\n`);
    for (const group of Map.groupBy(alike, (row) => answersOf(row).join("\n")).values()) {
      parts.push(await renderGroup(group, order, view));
    }
    parts.push("\n");
  }
  return `${parts.join("")}${renderRules(rows)}`;
}

/** What is mirrored first. */
function rankOf({ taken, denied }: ExplainedAgent): number {
  return taken ? 0 : denied ? 1 : 2;
}

async function renderGroup(
  group: readonly Row[],
  order: readonly string[],
  view: ExplainView,
): Promise<string> {
  const [first] = group;
  const folded = foldAgents(group, {
    tarball: ({ sha256 }) => sha256,
    shown: ({ streams }) => streams.toSorted().join(","),
  });
  const alike = Map.groupBy(folded, ({ releases, arches, rows: [row] }) =>
    JSON.stringify([releases, arches, row?.streams.toSorted()]),
  );
  const table = await formatRows(
    [...alike.values()].map((few) => [
      describeVersions(
        few.map(({ version }) => version),
        order,
      ),
      few[0]?.releases ?? "",
      few[0]?.arches ?? "",
      few[0]?.rows[0]?.streams.toSorted().join(",") ?? "",
    ]),
    view.width - 2,
  );
  const lines = table
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
  const answers = first === undefined ? [] : answersOf(first);
  return `${[...lines, ...answers.map((answer) => `    ${printable(answer, Infinity)}`)].join("\n")}\n`;
}

/** `3.6.0 to 3.6.8 (9), 3.6.10`: no explained version between two ends is left out. */
function describeVersions(versions: readonly string[], order: readonly string[]): string {
  const runs: string[][] = [];
  for (const version of versions) {
    const run = runs.at(-1);
    if (run !== undefined && order.indexOf(version) === order.indexOf(run.at(-1) ?? "") + 1)
      run.push(version);
    else runs.push([version]);
  }
  return runs
    .map((run) => (run.length > 2 ? `${run[0]} to ${run.at(-1)} (${run.length})` : run.join(", ")))
    .join(", ");
}

function headOf(row: ExplainedAgent, view: ExplainView): string {
  return `${stateOf(row, view)} (${placesOf(row, view).join(", ")})`;
}

function stateOf(
  { taken, denied, held }: ExplainedAgent,
  { paint, channel, isCache = false }: ExplainView,
): string {
  if (!taken) return paint("yellow", denied ? "denied" : "not mirrored");
  if (held) return paint("green", "mirrored");
  return paint("green", channel !== undefined ? "selected" : isCache ? "offered" : "mirrored");
}

function placesOf(
  { held, upstream, unusedFrom }: ExplainedAgent,
  { source, channel }: ExplainView,
): string[] {
  const when = source === "kept" ? " at the last sync" : "";
  const listedIn =
    unusedFrom === undefined
      ? `${upstream ? "listed" : "not listed"} upstream`
      : `listed only by ${printable(unusedFrom)}`;
  return [
    channel === undefined ? (held ? "held" : "not held") : held ? `in ${channel}` : `not in ${channel}`,
    ...(source === "none" ? [] : [`${listedIn}${when}`]),
  ];
}

/** What denied the agent, which rule selects it, or what each rule has against it. */
function answersOf(row: Row): string[] {
  const { channel } = row;
  return [...rulesOn(row), ...(channel === undefined ? [] : [channel])];
}

function rulesOn(row: Row): string[] {
  const { taken, denied, reason, rules, unusedFrom } = row;
  if (denied || rules.length === 0) return [reason];
  if (unusedFrom !== undefined && rules.some((rule) => rule.taken)) return [reason];
  if (taken)
    return rules
      .filter((rule) => rule.taken)
      .map(({ rule }) => `rule ${rule} selects it`)
      .slice(0, 1);
  return rules.map(({ rule, reason: objection }) => `rule ${rule}: ${withoutSubject(objection, row)}`);
}

function renderRules(rows: readonly Row[]): string {
  const conditions = new Map(
    rows.flatMap(({ rules }) => rules.map((rule) => [rule.rule, rule.conditions] as const)),
  );
  const lines = [...conditions].map(([rule, text]) => `rule ${rule}: ${printable(text, Infinity)}\n`);
  return lines.join("");
}

/** Every agent by itself, with what each rule decides about it. */
export function renderEveryExplanation(agents: readonly ExplainedAgent[], view: ExplainView): string {
  return agents.map((row) => renderOne(row, view)).join("\n");
}

function renderOne(row: ExplainedAgent, view: ExplainView): string {
  const { paint } = view;
  const { agent, streams, reason, rules, channel, unusedFrom } = row;
  const places = placesOf(row, view).join(", ");
  // One rule has said it all in the reason.
  const opinions = rules.length === 1 && unusedFrom === undefined ? [] : rules;
  const lines = [
    `${paint("bold", printable(agent))}: ${stateOf(row, view)} (${places}; ${streams.join(", ")})`,
    `  ${printable(reason, Infinity)}`,
    ...opinions.map((rule) =>
      printable(`  rule ${rule.rule} (${rule.conditions}): ${rule.reason}`, Infinity),
    ),
    ...(channel === undefined ? [] : [`  ${printable(channel, Infinity)}`]),
  ];
  return `${lines.join("\n")}\n`;
}
