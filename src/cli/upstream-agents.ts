import type { Agent } from "../juju/agent.ts";
import type { CommandContext } from "./command.ts";
import { createWaitLines } from "./progress.ts";
import { userAgent } from "./version.ts";

/**
 * What upstream lists in these streams (`*` is every one): its metadata is read and verified as a sync would, and
 * nothing is kept. All of it counts, whatever `select` and `deny` say.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…, JAM_STORE_…
 */
export async function readUpstreamAgents(
  context: CommandContext,
  streams: readonly string[],
): Promise<readonly Agent[]> {
  const { composeSync } = await import("../compose/sync.ts");
  const { planMirrorSync } = await import("../sync/sync-mirror.ts");
  const { options, work } = await composeSync(await context.config(), {
    env: context.io.env,
    userAgent: userAgent(),
    observe: createWaitLines(context),
    signal: context.signal,
    allow: new Set(),
    writes: false,
  });
  // The rules go along for what they name and the first upstream does not list: then the next one is asked.
  const select = [{ streams, prereleases: true }, ...options.rules.select];
  return (await planMirrorSync({ ...options, rules: { select, deny: [] } }, work)).plan.wanted;
}
