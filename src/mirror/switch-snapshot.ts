import { JamError } from "../shared/errors.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { contentsOf } from "./contents.ts";
import { listDamaged } from "./damaged-list.ts";
import { diffSnapshots } from "./list-snapshots.ts";
import { readGraced, showSnapshot } from "./publish.ts";
import { currentSnapshot } from "./read-snapshots.ts";
import { keepReport, type UnstampedReport } from "./run-report.ts";
import { countTarballs, sumTarballBytes } from "../juju/agent.ts";
import { isVerified, type Snapshot } from "./snapshot.ts";
import type { SnapshotDiff } from "./snapshots-document.ts";

/** A switch of a ref to another snapshot that is kept. */
export interface SwitchRequest {
  readonly ref: RefName;
  readonly snapshot: Snapshot;
  /** Allows going back to a snapshot that is older than the one that is shown. */
  readonly allowsRollback: boolean;
  readonly graceMs: number;
  readonly now: Date;
}

/**
 * What a switch would change; changes nothing. Refuses what the switch itself would refuse.
 * @throws JamError JAM_METADATA_ROLLBACK, JAM_STORE_CORRUPT naming the tarballs that are missing or damaged, JAM_STORE_…
 */
export async function planSwitch(
  store: Pick<Store, "blobs" | "documents" | "refs">,
  { ref, snapshot, allowsRollback }: SwitchRequest,
): Promise<SnapshotDiff> {
  const current = await currentSnapshot(store, ref);
  refuseEmpty(snapshot);
  if (current !== undefined && !allowsRollback) refuseRollback(current, snapshot);
  await requireComplete(store, snapshot);
  return diffSnapshots(current ?? { ...snapshot, id: "", agents: [] }, snapshot);
}

/**
 * Points a ref at a snapshot that is kept. Clients of the snapshot before can finish what they have begun. Call with the
 * lease held.
 * @throws JamError as `planSwitch`
 */
export async function switchSnapshot(store: Store, request: SwitchRequest): Promise<SnapshotDiff> {
  const started = performance.now();
  const { ref, snapshot, graceMs, now } = request;
  const diff = await planSwitch(store, request);
  if (diff.from === diff.to) return diff;
  const graced = await readGraced(store, ref, { graceMs, now });
  await showSnapshot(store, snapshot, { ref, graced, at: now });
  await keepReport(store.documents, {
    ...reportOf(diff, snapshot),
    startedAt: now.toISOString(),
    durationMs: Math.round(performance.now() - started),
  });
  return diff;
}

/** Earlier versions published such snapshots. */
function refuseEmpty({ id, agents }: Snapshot): void {
  if (agents.length > 0) return;
  throw new JamError("JAM_MIRROR_EMPTY", `Snapshot ${id} lists no agents: Juju would find nothing here.`, {
    hint: "Choose another one: `jam snapshot list` shows how many agents each lists.",
    details: { snapshot: id },
  });
}

function refuseRollback(current: Snapshot, next: Snapshot): void {
  if (Date.parse(next.createdAt) >= Date.parse(current.createdAt)) return;
  const { removed } = diffSnapshots(current, next);
  const loss = removed.length === 0 ? "" : ` Agents that would no longer be listed: ${removed.length}.`;
  throw new JamError(
    "JAM_METADATA_ROLLBACK",
    `Snapshot ${next.id} is older than ${current.id}, which is shown now.${loss}`,
    {
      hint: `\`${shellCommand`jam snapshot diff ${current.id} ${next.id}`}\` shows what changes. To go back, repeat the command with --allow rollback.`,
      details: { current: current.id, snapshot: next.id, removed: removed.length },
    },
  );
}

/**
 * A snapshot that is shown must be complete: an agent that is listed and not held breaks an upgrade.
 * @throws JamError JAM_STORE_CORRUPT naming the tarballs that are missing or damaged, JAM_STORE_…
 */
export async function requireComplete(
  { blobs, documents }: Pick<Store, "blobs" | "documents">,
  snapshot: Snapshot,
): Promise<void> {
  const { tarballs } = contentsOf(snapshot);
  const damaged = await listDamaged(documents);
  const sizes = await blobs.sizes(tarballs.map(({ sha256 }) => sha256));
  const missing = tarballs.filter(({ size, sha256 }) => sizes.get(sha256) !== size || damaged.has(sha256));
  const [first] = missing;
  if (first === undefined) return;
  const agent = snapshot.agents.find(({ sha256 }) => sha256 === first.sha256);
  const more = missing.length === 1 ? "" : ` and ${missing.length - 1} more`;
  throw new JamError(
    "JAM_STORE_CORRUPT",
    `Snapshot ${snapshot.id} cannot be shown: the tarball of ${agent?.path}${more} is missing or damaged.`,
    {
      hint: "Run `jam sync` to fetch it again if upstream still lists it, or choose another snapshot with `jam snapshot list`.",
      details: { snapshot: snapshot.id, missing: missing.map(({ sha256 }) => sha256).slice(0, 100) },
    },
  );
}

function reportOf({ added, removed, from }: SnapshotDiff, snapshot: Snapshot): UnstampedReport {
  return {
    outcome: "updated",
    snapshot: snapshot.id,
    switchedFrom: from,
    upstream: snapshot.upstream.url,
    verified: isVerified(snapshot),
    fetched: { agents: 0, bytes: 0 },
    held: { agents: snapshot.agents.length, bytes: sumTarballBytes(snapshot.agents) },
    tarballs: { fetched: 0, held: countTarballs(snapshot.agents) },
    added,
    removed: removed.map((agent) => ({
      agent,
      reason: "switched" as const,
      detail: `snapshot ${snapshot.id} does not list it`,
    })),
    failed: [],
    warnings: [],
  };
}
