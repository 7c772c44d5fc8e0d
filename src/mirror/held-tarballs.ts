import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { listDamaged } from "./damaged-list.ts";

/** The tarballs of these agents that are held whole: one of another size, or noted as damaged, counts as missing. */
export async function findHeld(
  {
    blobs,
    documents,
  }: {
    readonly blobs: Pick<Store["blobs"], "names" | "sizes">;
    readonly documents: Pick<Store["documents"], "list">;
  },
  agents: Iterable<Pick<Agent, "sha256" | "size">>,
): Promise<ReadonlySet<Sha256>> {
  const sizes = new Map<Sha256, number>();
  for (const { sha256, size } of agents) sizes.set(sha256, size);
  const damaged = await listDamaged(documents);
  const here = (await blobs.names()).filter((sha256) => sizes.has(sha256) && !damaged.has(sha256));
  const held = new Set<Sha256>();
  for (const [sha256, size] of await blobs.sizes(here)) if (sizes.get(sha256) === size) held.add(sha256);
  return held;
}
