import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { PlanAgent, PlanDocument, PlanHop } from "../../upgrade/plan/plan-document.ts";
import type { Paint, PaintStyle } from "../output/output.ts";
import { formatTable } from "../output/table.ts";
import { renderChecks } from "./checks.ts";
import { aftermathLines, doLines, preparationLines, procedureLines } from "./procedure.ts";

/** How much of a plan is shown. */
export interface PlanRendering {
  /** The whole procedure of each hop with its reasons, instead of one line per step. */
  readonly isWhole?: boolean;
}

/** The plan for a terminal: for each controller what to do, what it needs, and what may block it. */
export async function renderUpgradePlan(
  plan: PlanDocument,
  paint: Paint,
  { isWhole = false }: PlanRendering = {},
): Promise<string> {
  const parts: string[] = plan.hops.length > 1 ? [renderOverview(plan, paint)] : [];
  for (const controller of plan.controllers) {
    if (controller.outcome === "hops") continue;
    const name = shown(controller.name ?? "This");
    const text = {
      there: `${name} runs ${controller.from}: nothing to do.`,
      above: `${name} runs ${controller.from}, which is later than ${controller.to}: nothing to do.`,
      none: `${paint("red", name)} (${controller.from}): ${shown(controller.reason ?? "no upgrade path")}`,
      hops: "",
    }[controller.outcome];
    parts.push(`${text}\n`);
  }
  for (const [index, hop] of plan.hops.entries()) {
    parts.push(await renderHop(hop, index + 1, { paint, isWhole }));
  }
  parts.push(renderTotals(plan, { paint, isWhole }));
  return parts.join("\n");
}

/** What a plan of several hops comes to, before the pages about each. */
function renderOverview({ hops, totals }: PlanDocument, paint: Paint): string {
  return `${[describeTotals(hops, totals), ...hops.map((hop, index) => `  ${headOf(hop, index + 1, paint)}`)].join("\n")}\n`;
}

function headOf({ controller, from, to, how }: PlanHop, number: number, paint: Paint): string {
  const where = controller === undefined ? "" : `${shown(controller)}: `;
  const words = how === "migrate" ? "new controller, models migrate" : "in place";
  return paint("bold", `${number}. ${where}${from} → ${to}, ${words}`);
}

function describeTotals(hops: readonly PlanHop[], totals: PlanDocument["totals"]): string {
  const parts = [`${totals.held} held`, `${totals.upstream} to fetch`, `${totals.missing} missing`];
  return `${formatCount(hops.length, "hop")}, ${formatCount(totals.agents, "agent")}, ${formatByteSize(totals.bytes)}: ${parts.join(", ")}.`;
}

interface View extends Required<PlanRendering> {
  readonly paint: Paint;
}

async function renderHop(hop: PlanHop, number: number, { paint, isWhole }: View): Promise<string> {
  const lines = [headOf(hop, number, paint)];
  lines.push(
    `   ${shown(hop.because)}${hop.minimum === undefined || hop.how === "upgrade" ? "" : ` Lowest version for this hop: ${hop.minimum}.`}`,
  );
  lines.push(`   Client: juju ${hop.client}${channelOf(hop)}`, ...describeModels(hop));
  lines.push(...describeAdvice(hop, paint));
  if (!isWhole || hop.procedure === undefined) {
    lines.push("", ...preparationLines(hop), ...doLines(hop), ...aftermathLines(hop, paint));
  }
  lines.push(...renderChecks(hop.checks, paint));
  if (isWhole) lines.push(...procedureLines(hop, paint));
  if (hop.images.length > 0) lines.push("", `   Images: ${hop.images.join(", ")}`);
  if (hop.agents.length > 0) lines.push("", indent(await agentTable(hop.agents, paint)));
  return `${lines.join("\n")}\n`;
}

/** How to get the client, outside the air gap. */
function channelOf({ procedure }: PlanHop): string {
  const fetch = procedure?.client.flatMap(({ commands }) => commands)[0];
  return fetch === undefined ? "" : ` (outside: ${fetch})`;
}

function describeModels({ models }: PlanHop): string[] {
  if (models.length === 0) return [];
  const names = models.map(({ name, from }) => `${shown(name)} (${from})`);
  const first = names.length > 12 ? [...names.slice(0, 12), `and ${names.length - 12} more`] : names;
  return [`   Models: ${first.join(", ")}`];
}

function describeAdvice({ advice }: PlanHop, paint: Paint): string[] {
  return advice.map(({ severity, reason, link }) => {
    const style: PaintStyle = severity === "info" ? "cyan" : "yellow";
    return `   ${paint(style, severity)}: ${shown(reason)}${link === undefined ? "" : ` (${shown(link)})`}`;
  });
}

function agentTable(agents: readonly PlanAgent[], paint: Paint): Promise<string> {
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "FOR" },
      { heading: "SIZE", align: "right" },
      { heading: "STATE" },
    ],
    agents.map(({ version, release, arch, purpose, size, state }) => [
      version,
      release,
      arch,
      purpose,
      size === null ? "-" : formatByteSize(size),
      state,
    ]),
  ).then((text) => text.replaceAll(/\bmissing$/gm, (word) => paint("red", word)));
}

function renderTotals(
  { totals, warnings, hops, images, channel }: PlanDocument,
  { paint, isWhole }: View,
): string {
  const lines: string[] = warnings.map((warning) => `${paint("yellow", "note")}: ${shown(warning)}`);
  if (hops.length === 0) return lines.length === 0 ? "Nothing to do.\n" : `${lines.join("\n")}\n`;
  lines.push(describeTotals(hops, totals));
  if (images.length > 0)
    lines.push(`Container images for your registry (caas-image-repo): ${images.join(", ")}`);
  if (channel !== undefined && channel.agents > 0) {
    lines.push(
      `${channel.agents} of the agents ${channel.agents === 1 ? "is" : "are"} not in the channel ${channel.name}:`,
    );
    lines.push(...channel.next.map((sentence) => `  ${shown(sentence)}`));
  } else if (totals.upstream > 0) {
    lines.push(
      `To fetch exactly these (${formatByteSize(totals.bytesToFetch)}), write the plan with -o json > plan.json, then run jam sync --plan plan.json`,
    );
  }
  if (!isWhole) {
    lines.push(
      "--procedure prints the whole procedure of each hop, from the backup to the way back; --markdown prints it for a ticket.",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Text from a file of the fleet or from advice. */
function shown(text: string): string {
  return printable(text, Infinity);
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `   ${line}`)
    .join("\n");
}
