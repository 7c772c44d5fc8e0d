import type { Agent } from "../juju/agent.ts";
import { compareVersionTexts } from "../juju/version.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import { nameSome } from "../shared/listed.ts";

/**
 * Warnings about what the last known fleet runs and a channel will not list any longer: such a model cannot add machines or
 * units. Pure.
 */
export function strandedBy(
  channel: string,
  {
    before,
    after,
    running,
  }: {
    readonly before: readonly Agent[];
    readonly after: readonly Agent[];
    readonly running: RunningVersions | undefined;
  },
): string[] {
  if (running === undefined) return [];
  const listed = new Set(after.map(({ version }) => version));
  const gone = [...new Set(before.map(({ version }) => version))].filter((version) => !listed.has(version));
  if (gone.length === 0) return [];
  if (running.state === "unknown") {
    return [
      `it is not known what the fleet in ${running.from} runs (${running.reason}), and ${channel} will no longer list ${nameSome(gone, 5)}`,
    ];
  }
  const stranded = gone.filter((version) => running.versions.has(version)).sort(compareVersionTexts);
  if (stranded.length === 0) return [];
  return [
    `the fleet in ${running.from} runs ${nameSome(stranded, 5)}, which ${channel} will no longer list: models that use this channel cannot add machines or units of that version`,
  ];
}
