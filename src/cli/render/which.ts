import type { AnyAnswer, WhichAnswer } from "../../upgrade/which/which-answer.ts";
import { compareVersionTexts } from "../../juju/version.ts";
import { printable } from "../../shared/printable.ts";
import type { Page, PaintStyle } from "../output/output.ts";
import { formatTable } from "../output/table.ts";

const STYLES: Readonly<Record<WhichAnswer["decision"], PaintStyle>> = {
  upgrade: "green",
  "up-to-date": "green",
  migrate: "yellow",
  bootstrap: "green",
  blocked: "red",
  "not-found": "red",
};

/** Versions of a step that are shown; JSON has them all. */
const MAX_SHOWN = 6;

/**
 * One answer for people: the decision, Juju's words, the traps with their remedies, the rules at work; with `hasSources` where
 * in Juju's code each rule is.
 */
export function renderAnswer(
  answer: WhichAnswer,
  { paint, hasSources }: Pick<Page, "paint"> & { readonly hasSources: boolean },
): string {
  const { decision, version, code, message, hint, warnings, generation } = answer;
  const head = `${paint("bold", paint(STYLES[decision], decision))}${version === null ? "" : ` ${version}`}`;
  const lines = [`${head}${code === null ? "" : ` ${paint("dim", `[${code}]`)}`}`, ...indent(message)];
  if (hint !== undefined) lines.push(`  ${paint("bold", "next")}: ${printable(hint, Infinity)}`);
  for (const warning of warnings) {
    const label = paint(
      warning.severity === "info" ? "cyan" : "yellow",
      warning.severity === "info" ? "note" : "warning",
    );
    lines.push("", `${label} ${paint("dim", `[${warning.code}]`)}: ${printable(warning.message, Infinity)}`);
    lines.push(...indent(warning.remedy));
    if (warning.link !== undefined) lines.push(...indent(warning.link));
  }
  lines.push("", `Rules of Juju ${generation}:`);
  for (const [index, step] of answer.trace.entries()) {
    lines.push(
      `  ${index + 1}. ${printable(step.rule, Infinity)}${hasSources ? ` ${paint("dim", step.source)}` : ""}`,
    );
    const { kept = [], dropped = [] } = step;
    if (kept.length > 0) lines.push(`     kept ${shorten(kept)}`);
    for (const [reason, group] of Map.groupBy(dropped, (one) => one.reason)) {
      lines.push(`     dropped ${shorten(group.map((one) => one.version))}: ${printable(reason, Infinity)}`);
    }
  }
  const upstream = upstreamLine(answer);
  if (upstream !== undefined) lines.push("", upstream);
  return `${lines.join("\n")}\n`;
}

/** Many answers as a table: one row each. */
export function renderBatch(answers: readonly AnyAnswer[], width: number): Promise<string> {
  return formatTable(
    [
      { heading: "#", align: "right" },
      { heading: "DECISION" },
      { heading: "VERSION" },
      { heading: "WARNINGS" },
      { heading: "MESSAGE" },
    ],
    answers.map((answer, index) =>
      "decision" in answer
        ? [
            String(answer.id ?? index),
            answer.decision,
            answer.version ?? "-",
            [...new Set(answer.warnings.map(({ code }) => code))].join(",") || "-",
            answer.message.split("\n").join(" "),
          ]
        : [String(answer.id ?? index), answer.kind, "-", "-", JSON.stringify(answer.juju)],
    ),
    width,
  );
}

function upstreamLine({ upstream }: WhichAnswer): string | undefined {
  if (upstream === null) return undefined;
  if ("chosen" in upstream) return `With all that upstream listed at the last sync: ${upstream.chosen}.`;
  if ("agentVersion" in upstream)
    return `With all that upstream listed at the last sync: ${upstream.agentVersion}.`;
  return undefined;
}

/** The newest ones: they are what one looks for. */
function shorten(versions: readonly string[]): string {
  const shown = versions.toSorted(compareVersionTexts).slice(-MAX_SHOWN).join(", ");
  return versions.length <= MAX_SHOWN ? shown : `… ${shown} (${versions.length})`;
}

function indent(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${printable(line, Infinity)}`);
}
