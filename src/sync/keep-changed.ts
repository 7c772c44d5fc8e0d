import type { RefusedBytes } from "../mirror/path-alarms.ts";
import { refuseOverfull } from "../mirror/space.ts";
import { formatAgentName } from "../juju/agent.ts";
import { formatCount } from "../shared/listed.ts";
import { isJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Upstream } from "../upstream/source.ts";
import { fetchItems } from "./fetch-items.ts";
import type { FetchStep } from "./plan.ts";
import type { SyncCollaborators } from "./sync-work.ts";

/** An upstream that changes everything must not double the disk: so many tarballs are enough to see what it does. */
const MAX_KEPT = 20;

/** They are not part of what the run announced. */
const tellNobody = () => undefined;

/**
 * Fetches the bytes that upstream lists now in the place of held ones, so that both can be compared. They are verified
 * against upstream's hash, and nothing lists them.
 * @returns warnings about those that could not be fetched
 */
export async function keepChanged(
  refused: readonly RefusedBytes[],
  work: SyncCollaborators,
  { sources, jobs }: { readonly sources: readonly Upstream[]; readonly jobs: number },
): Promise<string[]> {
  const steps = new Map<Sha256, FetchStep & { agents: string[] }>();
  for (const { agent } of refused) {
    const { sha256, size, path } = agent;
    const known = steps.get(sha256);
    if (known !== undefined) known.agents.push(formatAgentName(agent));
    else if ((await work.store.blobs.stat(sha256))?.size !== size) {
      const agents = [formatAgentName(agent)];
      steps.set(sha256, { sha256, size, path, otherPaths: [], agents, rule: "kept for comparison" });
    }
  }
  const all = [...steps.values()];
  const wanted = all.slice(0, MAX_KEPT);
  if (wanted.length === 0) return [];
  const left =
    all.length > MAX_KEPT
      ? [
          `Of the changed tarballs ${MAX_KEPT} are kept for comparison; ${all.length - MAX_KEPT} more are not.`,
        ]
      : [];
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  try {
    const what = `Keeping ${formatCount(wanted.length, "changed tarball")} for comparison`;
    await refuseOverfull(work.store, { what, bytes, total: bytes, hint: "" }, undefined);
  } catch (error) {
    if (isJamError(error, "JAM_STORE_NO_SPACE")) return [error.message];
    throw error;
  }
  const { failed } = await fetchItems({
    steps: wanted,
    jobs,
    sources,
    blobs: work.store.blobs,
    observe: tellNobody,
    signal: work.signal,
  });
  const lost = wanted.flatMap(({ sha256, path }) => {
    const error = failed.get(sha256);
    return error === undefined ? [] : [`The changed bytes of ${path} could not be kept: ${error.message}`];
  });
  return [...lost, ...left];
}
