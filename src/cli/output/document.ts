import { escapeLines, hasUnprintable } from "../../shared/printable.ts";
import type { OutputFormat } from "../global-options.ts";

/** One JSON or YAML document with its final line feed; what does not print is escaped, so that it is safe to look at. */
export async function formatDocument(
  document: unknown,
  format: Exclude<OutputFormat, "table">,
): Promise<string> {
  if (format === "json") return `${printableJson(JSON.stringify(document, undefined, 2))}\n`;
  const { Document, visit } = await import("yaml");
  // Through JSON first: what JSON leaves out or rewrites (undefined, dates) must look the same in both.
  const yaml = new Document(JSON.parse(JSON.stringify(document)));
  // Only in double quotes can YAML escape.
  visit(yaml, {
    Scalar: (_key, node) => {
      const { value } = node;
      if (typeof value === "string" && hasUnprintable(value.replaceAll("\n", ""))) node.type = "QUOTE_DOUBLE";
    },
  });
  return escapeLines(yaml.toString(), (rune) => {
    const number = rune.codePointAt(0) ?? 0;
    return `\\U${number.toString(16).padStart(8, "0")}`;
  });
}

/** A JSON text with what does not print escaped: the same value, safe on a terminal and in a log. */
export function printableJson(json: string): string {
  return escapeLines(json, (rune) =>
    rune
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
