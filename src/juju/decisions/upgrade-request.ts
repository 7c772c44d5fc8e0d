import { isJamError } from "../../shared/errors.ts";
import { compareVersions, formatVersion, type JujuVersion } from "../version.ts";
import type { UpgradeAnswer } from "./outcome.ts";
import { generationOf, versionGenerationOf, type Generation } from "./generation.ts";
import { NO_UPGRADES } from "./messages.ts";
import type { UpgradeQuestion } from "./request.ts";
import type { Trace } from "./trace.ts";
import { readVersion } from "./version-pool.ts";

/** An upgrade question whose versions are read. */
export interface UpgradeRequest {
  readonly generation: Generation;
  readonly question: UpgradeQuestion;
  readonly client: JujuVersion;
  readonly current: JujuVersion;
  readonly controller: JujuVersion;
  readonly requested: JujuVersion | undefined;
  /** `--agent-stream`; empty when absent. */
  readonly stream: string;
  readonly trace: Trace | undefined;
}

/**
 * Reads the question; an invalid `--agent-version` is an answer, in Juju's words, because Juju itself gives it.
 * @throws JamError JAM_VERSION_INVALID for any other version.
 */
export function readUpgrade(question: UpgradeQuestion, trace?: Trace): UpgradeRequest | UpgradeAnswer {
  const controllerVersion = readVersion(question.controllerVersion);
  const generation =
    question.generation ??
    generationOf(controllerVersion, question.client === undefined ? undefined : readVersion(question.client));
  const read = (text: string): JujuVersion => readVersion(text, versionGenerationOf(generation));
  const text = question.requested ?? "";
  const requested = text === "" ? undefined : attempt(() => read(text));
  if (typeof requested === "string") return { outcome: "error", error: requested };
  return {
    generation,
    question,
    client: read(question.client ?? question.controllerVersion),
    current: read(question.current),
    controller: read(question.controllerVersion),
    requested,
    stream: question.stream ?? "",
    trace,
  };
}

/** The version, or Juju's words about an invalid one: where Juju itself complains, the complaint is the answer. */
export function attempt(read: () => JujuVersion): JujuVersion | string {
  try {
    return read();
  } catch (error) {
    if (isJamError(error, "JAM_VERSION_INVALID")) return error.message;
    throw error;
  }
}

/** True when both are the same number, build included. */
export function isSame(a: JujuVersion, b: JujuVersion): boolean {
  return compareVersions(a, b) === 0;
}

/** True when major and minor are equal. */
export function isSameMinor(a: JujuVersion, b: JujuVersion): boolean {
  return a.major === b.major && a.minor === b.minor;
}

export const UP_TO_DATE: UpgradeAnswer = { outcome: "up-to-date", message: NO_UPGRADES };

/** The answer that carries Juju's words. */
export function refuse(error: string): UpgradeAnswer {
  return { outcome: "error", error };
}

/** The answer "agent-version is set to this"; names the stream where Juju writes that too. */
export function upgradeTo(request: UpgradeRequest, chosen: JujuVersion, setStream = ""): UpgradeAnswer {
  const answer = {
    outcome: "upgrade",
    chosen: formatVersion(chosen),
    changed: !isSame(chosen, request.current),
  } as const;
  return setStream === "" ? answer : { ...answer, setStream };
}
