import type { Config } from "../../config/config.ts";
import type { RunningVersions } from "../../mirror/running-versions.ts";
import { toJamError } from "../../shared/errors.ts";
import type { FilesContext } from "./fleet-files.ts";

/**
 * What the fleet of `keepRunning` runs; undefined where the setting is not set. Files that cannot be read make it unknown;
 * that is not an error, because a sync can still fetch.
 */
export async function readRunning(
  context: FilesContext,
  { keepRunning }: Pick<Config, "keepRunning">,
): Promise<RunningVersions | undefined> {
  if (keepRunning === undefined) return undefined;
  const from = keepRunning;
  try {
    const { versions, doubt } = await readVersions(context, from);
    return doubt === undefined
      ? { state: "known", from, versions }
      : { state: "unknown", from, reason: doubt };
  } catch (error) {
    context.signal.throwIfAborted();
    return { state: "unknown", from, reason: reasonOf(error) };
  }
}

async function readVersions(context: FilesContext, path: string) {
  const { versionsOfFleet, versionsOfPlan } = await import("../../upgrade/fleet/running-versions.ts");
  const plan = await readPlan(path);
  if (plan !== undefined) return versionsOfPlan(plan);
  const { readFleetFiles } = await import("./fleet-files.ts");
  return versionsOfFleet(await readFleetFiles(context, [path], { flag: "keepRunning", isExplaining: false }));
}

/** The plan in a file; undefined for anything else. */
async function readPlan(path: string) {
  const { readFileText } = await import("./input-bytes.ts");
  const read = await readFileText(path).catch(() => undefined);
  const text = read !== undefined && "text" in read ? read.text : "";
  const { parsePlan, PLAN_FORMAT } = await import("../../upgrade/plan/plan-document.ts");
  return text.includes(PLAN_FORMAT) ? parsePlan({ name: path, text }) : undefined;
}

/** The message without the setting, which the warning names, and what the system said. */
function reasonOf(error: unknown): string {
  const { message, cause } = toJamError(error);
  const text = message.replace(/^keepRunning: /, "").replace(/\.$/, "");
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const why = code ?? (cause instanceof Error ? cause.message : undefined);
  return why === undefined ? `${text}.` : `${text} (${why}).`;
}
