import type { Agent } from "../juju/agent.ts";

/** What a fleet runs, as the files that `keepRunning` names show it. */
export type RunningVersions =
  | {
      readonly state: "known";
      /** The path, for messages. */
      readonly from: string;
      readonly versions: ReadonlySet<string>;
    }
  | {
      readonly state: "unknown";
      readonly from: string;
      /** Why it is not known: a sentence. */
      readonly reason: string;
    };

/**
 * Which of the listed agents stay, whatever rules and upstream say: those of versions that run. Where it is not known what
 * runs, every one stays.
 */
export function keptForFleet(running: RunningVersions | undefined): (agent: Agent) => boolean {
  if (running === undefined) return () => false;
  return running.state === "unknown" ? () => true : ({ version }) => running.versions.has(version);
}

/** Why an agent stays. */
export function fleetReason(running: RunningVersions): string {
  return running.state === "known"
    ? "the fleet runs this version (keepRunning)"
    : "it is not known what the fleet runs (keepRunning)";
}

/** The warning about a fleet that cannot be read. */
export function unknownFleet(running: RunningVersions | undefined): string[] {
  if (running?.state !== "unknown") return [];
  return [
    `keepRunning: it is not known what the fleet in ${running.from} runs, so no agent is removed: ${running.reason}`,
  ];
}
