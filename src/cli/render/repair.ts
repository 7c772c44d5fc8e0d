import type { RepairDocument } from "../../repair/repair-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { VerifyFinding } from "../../verify/verify-document.ts";
import type { Paint } from "../output/output.ts";
import { renderFindings } from "./verify.ts";

/** Lines of one list; the JSON has all. */
const MAX_ROWS = 50;

const OUTCOMES = {
  whole: { style: "green", text: "Whole: nothing to repair" },
  repaired: { style: "green", text: "Repaired" },
  partial: { style: "yellow", text: "Partly repaired" },
  planned: { style: "bold", text: "Would repair" },
} as const;

/** The result of `jam repair` for people. */
export function renderRepair(document: RepairDocument, paint: Paint): string {
  const { outcome, planned, repaired, remaining, fetched, failed, sources, durationMs } = document;
  const { style, text } = OUTCOMES[outcome];
  const rows = outcome === "planned" ? planned : repaired;
  const lines = [`${paint(style, text)}: ${formatCount(rows.length, "finding")}`];
  if (fetched.tarballs + fetched.documents > 0)
    lines.push(
      `Fetched: ${formatCount(fetched.tarballs, "tarball")} (${formatByteSize(fetched.bytes)}) and ${formatCount(fetched.documents, "document")} in ${formatDuration(durationMs)}`,
    );
  if (sources.length > 0) lines.push(`Asked: ${sources.map((name) => printable(name, 200)).join(", ")}`);
  lines.push(...listRows(rows));
  if (failed.length > 0)
    lines.push(
      "",
      "Not delivered:",
      ...failed
        .slice(0, MAX_ROWS)
        .map(({ path, message }) => `  ${printable(path, 200)}: ${printable(message, 300)}`),
    );
  const left = remaining.filter(({ severity }) => severity !== "note");
  if (left.length > 0) lines.push("", "Left:", ...renderFindings(left, paint));
  return `${lines.join("\n")}\n`;
}

function listRows(findings: readonly VerifyFinding[]): string[] {
  const shown = findings.slice(0, MAX_ROWS).map(({ kind, where, repair }) => {
    const how = repair === undefined ? "" : `: ${repair}`;
    return `  ${kind}  ${printable(where, 200)}${how}`;
  });
  return findings.length > MAX_ROWS ? [...shown, `  and ${findings.length - MAX_ROWS} more`] : shown;
}
