import type { CommandContext } from "../command.ts";
import type { formatAgentNames } from "./agent-names.ts";

/** What a run removed, of a report whose lists may be cut. */
interface Removals {
  readonly removed: Parameters<typeof formatAgentNames>[1];
  readonly omitted?: { readonly removed?: number } | undefined;
}

/**
 * With --quiet: whoever runs jam from cron has to hear of it when a version that machines may request is gone, after a sync as
 * after an import.
 */
export async function tellRemovals(
  { output, width }: Pick<CommandContext, "output" | "width">,
  { removed, omitted }: Removals,
): Promise<void> {
  if (removed.length === 0) return;
  // Most runs remove nothing.
  const names = await import("./agent-names.ts");
  const lines = await names.formatAgentNames("removed  ", removed, { omitted: omitted?.removed, width });
  await output.warn(lines.join("\n"));
}
