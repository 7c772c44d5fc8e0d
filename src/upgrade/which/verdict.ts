import type { Agent } from "../../juju/agent.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { adviceOn } from "../../juju/upgrade-edge.ts";
import type { JujuVersion } from "../../juju/version.ts";
import type { Decision, WhichWarning } from "./answer.ts";

/** What is decided, before warnings. */
export interface Verdict {
  readonly decision: Decision;
  readonly version: string | null;
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint?: string;
}

/** A version is chosen. */
export function chosen(
  decision: Extract<Decision, "upgrade" | "bootstrap" | "migrate">,
  version: string,
  message: string,
): Verdict {
  return { decision, version, code: null, message };
}

/** Nothing is to do; `version` is what runs. */
export function upToDate(version: string, message: string): Verdict {
  return { decision: "up-to-date", version, code: null, message };
}

/** Nothing that fits is listed. */
export function notFound(
  code: "JAM_MIRROR_EMPTY" | "JAM_AGENT_NOT_FOUND",
  message: string,
  hint: string,
): Verdict {
  return { decision: "not-found", version: null, code, message, hint };
}

/** Juju, or advice, does not let this move happen. */
export function blocked(
  code: "JAM_UPGRADE_REFUSED" | "JAM_UPGRADE_ADVISED_AGAINST" | "JAM_VERSION_INVALID",
  message: string,
  hint: string,
): Verdict {
  return { decision: "blocked", version: null, code, message, hint };
}

/** Agents that are wanted here, and what upstream listed at the last sync where that is known. */
export interface Wanted {
  /** A version, a minor or a major. */
  readonly versions: string;
  readonly arches?: readonly string[] | undefined;
  readonly stream?: string | undefined;
  readonly upstream: readonly Agent[] | undefined;
}

/** How to get agents here: the rule for jam.yaml, and the command; or that no sync can bring them. */
export function syncHint({ versions, arches = [], stream = "released", upstream }: Wanted): string {
  if (upstream === undefined || upstream.length === 0) return ruleHint(versions, arches, stream);
  const start = `${versions}.`;
  const listed = upstream.filter(({ version }) => version === versions || version.startsWith(start));
  const there = arches.filter((arch) => listed.some((agent) => agent.arch === arch));
  const absent = arches.filter((arch) => !there.includes(arch));
  if (listed.length > 0 && absent.length === 0) return ruleHint(versions, arches, stream);
  const what = listed.length === 0 ? versions : `${versions} for ${absent.join(", ")}`;
  const others = [...new Set(listed.map(({ arch }) => arch))].sort().join(", ");
  const only = listed.length === 0 ? "" : ` (it listed ${others})`;
  const rest = there.length === 0 ? "" : ` For ${there.join(", ")}: ${ruleHint(versions, there, stream)}`;
  return `No upstream listed ${what} at the last sync${only}, so no rule brings it: choose another version, or add an upstream that has it.${rest}`;
}

function ruleHint(versions: string, arches: readonly string[], stream: string): string {
  const arch = arches.length === 0 ? "" : `, arch: [${arches.join(", ")}]`;
  return `Run \`jam sync\` with a rule in \`select\` of jam.yaml that takes it: { stream: ${/^[a-z][a-z0-9-]*$/.test(stream) ? stream : JSON.stringify(stream)}, versions: "${versions}"${arch} }.`;
}

/** The advice on a move, as warnings. */
export function adviceWarnings(
  from: JujuVersion | undefined,
  to: JujuVersion,
  knowledge: Pick<Knowledge, "advice">,
): WhichWarning[] {
  if (knowledge.advice.length === 0) return [];
  return adviceOn(from, to, knowledge).map(({ severity, reason, link, origin }) => ({
    code: "advice",
    severity,
    message: reason,
    remedy: severity === "block" ? unblock(origin) : "Weigh it before you go on.",
    ...(link === undefined ? {} : { link }),
  }));
}

/** Advice that was carried in is changed where it was written, and comes with the next bundle. */
function unblock(origin: string | undefined): string {
  if (origin === undefined) return "Choose another version with --to.";
  const how =
    origin === "jam.yaml"
      ? "delete the entry from `advice` in jam.yaml"
      : `ask whoever made ${origin} to delete the entry from its \`advice\`, and import the next bundle`;
  return `Choose another version with --to, or ${how}.`;
}

/** The verdict, or that advice blocks it: then Juju would do it, and should not be asked to. */
export function heedAdvice(verdict: Verdict, advice: readonly WhichWarning[]): Verdict {
  const block = advice.find(({ severity }) => severity === "block");
  if (block === undefined || verdict.version === null || verdict.decision === "up-to-date") return verdict;
  return blocked(
    "JAM_UPGRADE_ADVISED_AGAINST",
    `Juju would take ${verdict.version}, and advice blocks that: ${block.message}`,
    block.remedy,
  );
}
