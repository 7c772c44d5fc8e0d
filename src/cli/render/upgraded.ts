import { printable } from "../../shared/printable.ts";
import { formatCount } from "../../shared/listed.ts";
import type { UpgradedAgent } from "../../upgrade/upgraded/agents.ts";
import type { UpgradedController } from "../../upgrade/upgraded/controllers.ts";
import { type UpgradedState, isOnTarget } from "../../upgrade/upgraded/states.ts";
import type { UpgradedDocument, UpgradedModel } from "../../upgrade/upgraded/upgraded.ts";
import type { CommandContext } from "../command.ts";
import { formatTable } from "../output/table.ts";
import type { FleetUnread } from "../../upgrade/fleet/fleet.ts";
import type { Paint } from "../output/output.ts";

/** Printed agents of a model; the rest is counted. */
const MAX_ROWS = 40;

/** Agents whose steps are printed: the same steps for hundreds of agents would be unreadable. */
const MAX_HELPED = 3;

/** What `jam upgraded` prints for people. */
export async function renderUpgraded(document: UpgradedDocument, context: CommandContext): Promise<string> {
  const models: string[] = [];
  const printed = new Map<string, string>();
  for (const model of document.models) models.push(await renderModel(model, context, printed));
  const controllers = document.controllers.flatMap((controller) => renderController(controller, context));
  const unread = renderUnread(document.unread, context.paint).map((line) => `${line}\n`);
  const none = models.length === 0 ? ["The files do not contain any model.\n"] : [];
  return [...models, ...controllers, ...unread, ...none].join("");
}

/** One line for a whole fleet: `prod:web 5 of 12 on 3.6.20, 6 behind, 1 failed`. */
export function summarizeUpgraded({ models, unread }: UpgradedDocument): string {
  const parts = models.map((model) => {
    const done = model.agents.filter(({ state }) => isOnTarget(state)).length;
    const rest = countRest(model.agents);
    const words = [`${done} of ${model.agents.length} on ${model.target ?? "?"}`, ...rest];
    const reason = model.reasons[0] === undefined ? [] : [printable(model.reasons[0])];
    return `${printable(model.label)}: ${[...words, ...reason].join(", ")}`;
  });
  return [...parts, ...(unread.length === 0 ? [] : [`${unread.length} not read`])].join("; ");
}

function countRest(agents: readonly UpgradedAgent[]): string[] {
  const counts = new Map<UpgradedState, number>();
  for (const { state } of agents) {
    if (!isOnTarget(state)) counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${count} ${state}`);
}

async function renderModel(
  model: UpgradedModel,
  { paint, width }: CommandContext,
  printed: Map<string, string>,
): Promise<string> {
  const name = printable(model.label, 200);
  const done = model.agents.filter(({ state }) => isOnTarget(state));
  const target = model.target ?? "an unknown version";
  const head =
    model.agents.length === 0
      ? `${name}: no agents to wait for; the model is set to ${model.version ?? "an unknown version"}`
      : `${name}: ${done.length} of ${formatCount(model.agents.length, "agent")} run ${target} and work`;
  const warnings = model.warnings.map((text) => `      note: ${printable(text, 300)}\n`).join("");
  if (model.upgraded) return `${paint("green", "done")}  ${head}\n${warnings}`;
  const late = model.agents.filter(({ state }) => !isOnTarget(state));
  const mark = model.state === "failed" || model.state === "not-readable" ? "red" : "yellow";
  const reasons = model.reasons.map((text) => `      ${printable(text, 300)}\n`).join("");
  const rest = countRest(model.agents);
  const counts = rest.length === 0 ? "" : `; ${rest.join(", ")}`;
  return [
    `${paint(mark, model.state)}  ${head}${counts}\n${reasons}${warnings}`,
    await renderAgents(late, width),
    renderSteps(late, model, printed),
  ].join("");
}

async function renderAgents(late: readonly UpgradedAgent[], width: number): Promise<string> {
  if (late.length === 0) return "";
  const table = await formatTable(
    ["KIND", "NAME", "RUNS", "STATE", "STATUS", "MESSAGE"].map((heading) => ({ heading })),
    late
      .slice(0, MAX_ROWS)
      .map((agent) => [
        agent.kind,
        agent.name,
        agent.version ?? "-",
        agent.state,
        agent.status ?? "-",
        agent.message ?? "",
      ]),
    width,
  );
  const more = late.length > MAX_ROWS ? `and ${late.length - MAX_ROWS} more: -o json lists all\n` : "";
  return `\n${table}${more}`;
}

/**
 * The steps to try. Most steps of a model are the same for every model of its controller, so each is printed once.
 * @param printed the model that a step was printed for; appended to
 */
function renderSteps(
  late: readonly UpgradedAgent[],
  { next, label }: UpgradedModel,
  printed: Map<string, string>,
): string {
  const helped = late.filter((agent) => agent.next.length > 0).slice(0, MAX_HELPED);
  const lines = helped.flatMap((agent) => [
    `  ${printable(`${agent.kind} ${agent.name}`)}`,
    ...agent.next.map((step) => `    ${step}`),
  ]);
  const fresh = next.filter((step) => !printed.has(step));
  const earlier = printed.get(next.find((step) => printed.has(step)) ?? "");
  for (const step of fresh) printed.set(step, label);
  if (next.length > 0) {
    lines.push(`  ${printable(label)}`, ...fresh.map((step) => `    ${step}`));
    if (earlier !== undefined) lines.push(`    # and the other steps of ${printable(earlier)} above`);
  }
  return lines.length === 0 ? "\n" : `\nTry next:\n${lines.join("\n")}\n\n`;
}

function renderController(controller: UpgradedController, { paint }: CommandContext): string[] {
  const faults = [...controller.reasons, ...controller.warnings.map((text) => `note: ${text}`)];
  if (faults.length === 0) return [];
  const mark = controller.upgraded ? paint("yellow", "note") : paint("yellow", "in-progress");
  const lines = faults.map((text) => `      ${printable(text, 300)}\n`);
  return [`${mark}  controller ${printable(controller.controller)}\n${lines.join("")}`];
}

/** Printed lines about parts that could not be read; the rest is counted. */
const MAX_LINES = 20;

/** One line for each part of a fleet's files that could not be read or placed. */
export function renderUnread(unread: readonly Omit<FleetUnread, "kind">[], paint: Paint): string[] {
  const lines = unread.slice(0, MAX_LINES).map(({ file, place, text }) => {
    const where = place === "" || place === file ? file : `${file}, ${place}`;
    return `${paint("red", "not read")}  ${printable(where)}: ${printable(text, 300)}`;
  });
  const more = unread.length - MAX_LINES;
  return more > 0 ? [...lines, `${paint("red", "not read")}  and ${formatCount(more, "more part")}`] : lines;
}
