import { defined } from "../../shared/collections.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { adviceOn } from "../../juju/upgrade-edge.ts";
import type { JujuVersion } from "../../juju/version.ts";
import type { Decision, WhichWarning } from "./which-answer.ts";

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

/** Juju, or advice, does not allow this upgrade. */
export function blocked(
  code: "JAM_UPGRADE_REFUSED" | "JAM_UPGRADE_ADVISED_AGAINST" | "JAM_VERSION_INVALID",
  message: string,
  hint: string,
): Verdict {
  return { decision: "blocked", version: null, code, message, hint };
}

/** The advice on an upgrade, as warnings. */
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
    remedy: severity === "block" ? unblock(origin) : "Consider this before you continue.",
    ...defined({ link }),
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

/** The verdict, or that advice blocks it: then Juju would do it, but should not be used to. */
export function heedAdvice(verdict: Verdict, advice: readonly WhichWarning[]): Verdict {
  const block = advice.find(({ severity }) => severity === "block");
  if (block === undefined || verdict.version === null || verdict.decision === "up-to-date") return verdict;
  return blocked(
    "JAM_UPGRADE_ADVISED_AGAINST",
    `Juju would take ${verdict.version}, but advice blocks it: ${block.message}`,
    block.remedy,
  );
}
