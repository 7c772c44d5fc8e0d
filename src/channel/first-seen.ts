import { z } from "zod";
import { readSnapshot, unlessDamaged } from "../mirror/read-snapshots.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { stateDocument } from "../mirror/state-document.ts";
import { addTo } from "../shared/collections.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";

/** When the mirror first listed its tarballs; snapshots alone would forget it with the first that is pruned. */
const firstSeen = stateDocument({
  name: "first-seen.json",
  format: "jam-first-seen:1",
  schema: z.object({
    seen: z.array(z.object({ at: z.iso.datetime(), tarballs: z.array(z.string()) })),
  }),
  // A delay that begins anew is longer than it had to be, and never shorter.
  damage: "absent",
  indent: 0,
});

/**
 * Since when the mirror lists the tarballs of its current snapshot: as it was noted, and as the snapshots tell that are kept.
 * Of what it listed before `since` only that is known.
 */
export async function readFirstSeen(
  { documents }: { readonly documents: Pick<Store["documents"], "get"> },
  current: Snapshot | undefined,
  since: Date,
): Promise<ReadonlyMap<string, Date>> {
  const seen = new Map<string, Date>();
  for (const { at, tarballs } of (await firstSeen.read(documents))?.seen ?? [])
    for (const sha256 of tarballs) seen.set(sha256, new Date(at));
  let open = new Set<Sha256>(
    current?.agents.map(({ sha256 }) => sha256).filter((sha256) => !seen.has(sha256)),
  );
  const looked = new Set<string>();
  for (let at = current; at !== undefined && open.size > 0 && !looked.has(at.id);) {
    looked.add(at.id);
    const createdAt = new Date(at.createdAt);
    const listed = new Set(at.agents.map(({ sha256 }) => sha256));
    open = open.intersection(listed);
    for (const sha256 of open) seen.set(sha256, createdAt);
    if (createdAt < since || at.parent === undefined) break;
    at = await unlessDamaged(readSnapshot({ documents }, at.parent));
  }
  return seen;
}

/** Notes since when the mirror lists what it lists now. Call with the lease held, after what was published. */
export async function noteFirstSeen(
  { documents }: { readonly documents: Pick<Store["documents"], "get" | "put"> },
  current: Snapshot | undefined,
  since: Date,
): Promise<void> {
  if (current === undefined) return;
  const seen = await readFirstSeen({ documents }, current, since);
  const byDate = new Map<string, string[]>();
  for (const sha256 of new Set(current.agents.map((agent) => agent.sha256))) {
    const at = seen.get(sha256);
    if (at !== undefined) addTo(byDate, at.toISOString(), sha256);
  }
  const note = [...byDate].map(([at, tarballs]) => ({ at, tarballs }));
  const before = (await firstSeen.read(documents))?.seen;
  if (JSON.stringify(before) !== JSON.stringify(note)) await firstSeen.write(documents, { seen: note });
}
