import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { LookItem, ReadyCheck, ReadyDocument } from "../../upgrade/ready/ready-document.ts";
import type { Paint } from "../output/output.ts";
import { firstPlaces } from "./checks.ts";
import { formatLocalTime } from "../../shared/local-time.ts";

/** What `jam ready` prints for people: failed checks, undecided ones, the rest in one line, the verdict last. */
export function renderReady(report: ReadyDocument, paint: Paint): string {
  const open = report.checks.filter(({ status }) => status !== "ok");
  const fine = report.checks.filter(({ status }) => status === "ok");
  const parts = [
    ...renderOpen(open, paint),
    ...fine.filter(isWorthALine).map((check) => renderLine(check, paint)),
    renderRest(fine, paint),
    renderLook(report.look, paint),
    ...report.warnings.map((warning) => `${paint("yellow", "note")}: ${shown(warning)}`),
    summarize(report, paint),
    countOpen(report),
  ];
  return `${parts.filter((part) => part !== "").join("\n")}\n`;
}

/** Undecided checks with the same evidence are printed together. */
function renderOpen(open: readonly ReadyCheck[], paint: Paint): string[] {
  const groups = Map.groupBy(open, ({ id, status, evidence }) =>
    status === "unknown" && evidence.length > 0 ? evidence.join("\n") : id,
  );
  return [...groups.values()].map((checks) => {
    const [first, ...others] = checks;
    if (first === undefined) return "";
    if (others.length === 0) return renderCheck(first, paint);
    const width = Math.max(...checks.map(({ id }) => id.length));
    return [
      `${paint("yellow", "unknown")}  ${checks.length} checks could not be decided:`,
      ...checks.map(({ id, summary }) => `           ${id.padEnd(width)}  ${shown(summary)}`),
      ...firstPlaces(first.evidence).map((line) => `           ${paint("dim", shown(line))}`),
    ].join("\n");
  });
}

function renderCheck({ id, status, summary, evidence, remedy }: ReadyCheck, paint: Paint): string {
  const mark = status === "fail" ? paint("red", "FAIL   ") : paint("yellow", "unknown");
  return [
    `${mark}  ${id}: ${shown(summary)}`,
    ...firstPlaces(evidence).map((line) => `           ${shown(line)}`),
    `           ${paint("dim", shown(remedy))}`,
  ].join("\n");
}

/** Checks of agents and confirmed checks get a line even if they are ok. */
function isWorthALine(check: ReadyCheck): boolean {
  const { confirmedAt } = check;
  return isOfAgents(check) || confirmedAt !== undefined;
}

function renderLine({ id, summary, evidence, confirmedAt }: ReadyCheck, paint: Paint): string {
  const words = confirmedAt === undefined ? evidence.join(", ") : `confirmed ${formatLocalTime(confirmedAt)}`;
  return `${paint("green", "ok     ")}  ${id}: ${shown(summary)} ${words === "" ? "" : `(${shown(words)})`}`.trimEnd();
}

function renderRest(fine: readonly ReadyCheck[], paint: Paint): string {
  const rest = fine.filter((check) => !isWorthALine(check)).map(({ id }) => id);
  return rest.length === 0 ? "" : `${paint("green", "ok     ")}  ${rest.join(", ")}`;
}

function renderLook(look: readonly LookItem[], paint: Paint): string {
  if (look.length === 0) return "";
  const width = Math.max(...look.map(({ id }) => id.length));
  const lines = look.map(({ id, command, summary, confirmedAt }) => {
    const how =
      confirmedAt === undefined ? (command ?? shown(summary)) : `confirmed ${formatLocalTime(confirmedAt)}`;
    return `  ${id.padEnd(width)}  ${shown(how)}`;
  });
  return `${paint("cyan", "check yourself")}, neither the mirror nor a file shows it:\n${lines.join("\n")}`;
}

function summarize({ verdict, checks, missing }: ReadyDocument, paint: Paint): string {
  const failed = checks.filter(({ status }) => status === "fail").map(({ id }) => id);
  const unknown = checks.filter(({ status }) => status === "unknown").map(({ id }) => id);
  switch (verdict) {
    case "ready":
      return `\n${paint("green", "Ready")}: this mirror can serve everything that the plan needs, and no check failed.`;
    case "not-known":
      return `\n${paint("yellow", "NOT KNOWN")}: ${unknown.join(", ")} could not be decided.`;
    case "not-ready": {
      const agents = missing.length === 0 ? "" : ` ${formatCount(missing.length, "agent")} cannot be served.`;
      const open = unknown.length === 0 ? "" : ` Not known: ${unknown.join(", ")}.`;
      return `\n${paint("red", "NOT ready")}: ${failed.join(", ")}.${agents}${open}`;
    }
  }
}

/** Whether the agents are there, and how much else is open: neither says the other. */
function countOpen({ checks, look }: ReadyDocument): string {
  const found = new Set(checks.filter(isOfAgents).map(({ status }) => status));
  const served = found.has("fail") ? "no" : found.has("unknown") ? "not known" : "yes";
  const others = checks.filter((check) => !isOfAgents(check));
  const countOf = (status: ReadyCheck["status"]) => others.filter((check) => check.status === status).length;
  const open = look.filter(({ confirmedAt }) => confirmedAt === undefined).length;
  return `Served: ${served}. In the way: ${countOf("fail")}. Not known: ${countOf("unknown")}. To check yourself: ${open}.`;
}

/** Whether the mirror can serve what the plan needs, not what the fleet is like. */
function isOfAgents({ id }: ReadyCheck): boolean {
  return id.endsWith("-agents");
}

function shown(text: string): string {
  return printable(text, Infinity);
}
