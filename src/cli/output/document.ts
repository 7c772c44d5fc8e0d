import type { OutputFormat } from "../global-options.ts";

/** One JSON or YAML document with its final line feed. */
export async function formatDocument(
  document: unknown,
  format: Exclude<OutputFormat, "table">,
): Promise<string> {
  if (format === "json") return `${JSON.stringify(document, undefined, 2)}\n`;
  const { stringify } = await import("yaml");
  // Through JSON first: what JSON leaves out or rewrites (undefined, dates) must look the same in both.
  return stringify(JSON.parse(JSON.stringify(document)));
}
