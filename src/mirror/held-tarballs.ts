import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { listDamaged } from "./damaged-list.ts";

/** The tarballs of these agents that are held whole: one of another size, or noted as damaged, counts as missing. */
export async function findHeld(
  {
    blobs,
    documents,
  }: { readonly blobs: Pick<Store["blobs"], "list">; readonly documents: Pick<Store["documents"], "list"> },
  agents: Iterable<Pick<Agent, "sha256" | "size">>,
): Promise<ReadonlySet<Sha256>> {
  const sizes = new Map<Sha256, number>();
  for (const { sha256, size } of agents) sizes.set(sha256, size);
  const damaged = await listDamaged(documents);
  const held = new Set<Sha256>();
  for await (const { sha256, size } of blobs.list()) {
    if (sizes.get(sha256) === size && !damaged.has(sha256)) held.add(sha256);
  }
  return held;
}
