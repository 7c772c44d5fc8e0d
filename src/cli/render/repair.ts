import type { RepairDocument } from "../../repair/repair-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { VerifyFinding } from "../../verify/verify-document.ts";
import type { Paint } from "../output/output.ts";
import { describeSubject, renderFindings } from "./verify.ts";

/** Lines of one list; the JSON has all. */
const MAX_ROWS = 50;

/** The result of `jam repair` for people. */
export function renderRepair(document: RepairDocument, paint: Paint): string {
  const { outcome, planned, repaired, remaining, fetched, failed, sources, durationMs } = document;
  const lines = [headline(document, paint)];
  if (fetched.tarballs + fetched.documents > 0)
    lines.push(
      `Fetched: ${formatCount(fetched.tarballs, "tarball")} (${formatByteSize(fetched.bytes)}) and ${formatCount(fetched.documents, "document")} in ${formatDuration(durationMs)}`,
    );
  if (fetched.tarballs + fetched.documents + failed.length > 0)
    lines.push(`Asked: ${sources.map((name) => printable(name, 200)).join(", ")}`);
  lines.push(...listRows(outcome === "planned" ? planned : repaired));
  if (failed.length > 0)
    lines.push("", "Not delivered:", ...failed.slice(0, MAX_ROWS).flatMap(describeFailure));
  const left = remaining.filter(({ severity }) => severity !== "note");
  if (left.length > 0) lines.push("", "Left:", ...renderFindings(left, paint));
  return `${lines.join("\n")}\n`;
}

function headline({ outcome, planned, repaired, remaining }: RepairDocument, paint: Paint): string {
  const isLeft = remaining.some(({ severity }) => severity !== "note");
  const whole = paint("green", "Whole: nothing to repair");
  switch (outcome) {
    case "whole":
      return whole;
    case "planned":
      if (planned.length > 0)
        return `${paint("bold", "Would repair")}: ${formatCount(planned.length, "finding")}`;
      return isLeft ? paint("yellow", "Nothing that a repair could do") : whole;
    case "repaired":
      return `${paint("green", "Repaired")}: ${formatCount(repaired.length, "finding")}`;
    case "partial":
      return repaired.length === 0
        ? paint("yellow", "NOT repaired")
        : `${paint("yellow", "Partly repaired")}: ${formatCount(repaired.length, "finding")}`;
  }
}

function describeFailure({ path, agents, message }: RepairDocument["failed"][number]): string[] {
  const [first = path] = agents;
  const more = agents.length > 1 ? ` and ${agents.length - 1} more` : "";
  return [`  ${printable(first, 200)}${more}`, `    ${printable(message, 300)}`];
}

function listRows(findings: readonly VerifyFinding[]): string[] {
  const shown = findings.slice(0, MAX_ROWS).flatMap((finding) => {
    const { kind, where, repair } = finding;
    const how = repair === undefined ? "" : `: ${repair}`;
    const subject = describeSubject(finding);
    return [`  ${kind}  ${printable(where, 200)}${how}`, ...(subject === "" ? [] : [`    ${subject}`])];
  });
  return findings.length > MAX_ROWS ? [...shown, `  and ${findings.length - MAX_ROWS} more`] : shown;
}
