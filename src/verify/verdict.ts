import { compareTexts } from "../shared/collections.ts";
import type { Severity } from "./finding.ts";
import type { VerifyDocument, VerifyFinding } from "./verify-document.ts";

const ORDER: Readonly<Record<Severity, number>> = { damage: 0, unknown: 1, note: 2 };

/** What is damaged first, then by kind and place. */
export function sortFindings(findings: readonly VerifyFinding[]): VerifyFinding[] {
  return findings.toSorted(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] || compareTexts(a.kind, b.kind) || compareTexts(a.where, b.where),
  );
}

/** An earlier snapshot that cannot be read damages nothing that is served, but nobody knows what it listed. */
export function verdictOf(findings: readonly VerifyFinding[]): VerifyDocument["verdict"] {
  if (findings.some(({ severity }) => severity === "damage")) return "damaged";
  return findings.some(({ severity }) => severity === "unknown") ? "not-known" : "whole";
}
