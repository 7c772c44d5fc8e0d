import { sumTarballBytes } from "../../juju/agent.ts";
import type { Advice } from "../../juju/knowledge/knowledge.ts";
import { adviceOf } from "../../mirror/knowledge.ts";
import { currentSnapshot } from "../../mirror/read-snapshots.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Store } from "../../store/store.ts";
import { signBundle } from "../create/create-bundle.ts";
import { planBundle } from "../create/plan-bundle.ts";
import type { BundleSigner } from "../signing.ts";
import { inventoryOfReceipt, type SiteInventory } from "./site-inventory.ts";
import type { DescribedSite, ListedSite, SitesDocument } from "./sites-document.ts";
import { readSites, type Site } from "./sites.ts";

/**
 * Every site that has sent a receipt, and how far it is behind the current snapshot: what `jam site list -o json` prints.
 * @param sizeOfDelta computes the size of the bundle that a site needs next
 * @param page the requested rows; absent, all
 * @throws JamError JAM_STORE_…
 */
export async function listSites(
  store: Pick<Store, "documents" | "refs">,
  sizeOfDelta: (have: SiteInventory) => Promise<number>,
  { offset, limit } = { offset: 0, limit: Infinity },
): Promise<SitesDocument> {
  const snapshot = await currentSnapshot(store, MIRROR_REF);
  const all = await readSites(store.documents);
  const sites: ListedSite[] = [];
  for (const site of all.slice(offset, offset + limit)) {
    const have = inventoryOfReceipt(site.receipt);
    const behind = behindOf(snapshot, have);
    const surplus = site.receipt.agents + behind.agents - (snapshot?.agents.length ?? 0);
    sites.push({
      ...describeSite(site),
      behind,
      beyond: { agents: Math.max(0, surplus) },
      nextDelta: { bytes: await sizeOfDelta(have) },
    });
  }
  const omitted = all.length - sites.length;
  return { sites, ...(omitted === 0 ? {} : { omitted: { sites: omitted } }) };
}

/** A site without its receipt's list of contents. */
export function describeSite({ name, receivedAt, signedBy, receipt }: Site): DescribedSite {
  const { createdAt, snapshot, bundles } = receipt;
  return { name, receivedAt, createdAt, snapshot, bundles, signedBy };
}

/** What a mirror lists and another side does not have. */
export type Behind = ListedSite["behind"];

/** How far a site with this inventory is behind this snapshot; no site is behind an empty mirror. */
export function behindOf(snapshot: Pick<Snapshot, "agents"> | undefined, have: SiteInventory): Behind {
  const missing = (snapshot?.agents ?? []).filter(({ sha256 }) => !have.isHeld(sha256));
  return {
    versions: new Set(missing.map(({ version }) => version)).size,
    agents: missing.length,
    bytes: sumTarballBytes(missing),
  };
}

/** What the size of a delta depends on in addition to the store. */
export interface DeltaSettings {
  /** The advice of jam.yaml. */
  readonly advice: readonly Advice[];
  /** Undefined for a side without a key. */
  readonly signer: BundleSigner | undefined;
}

/**
 * Computes the size, in bytes, of the bundle that would bring another side up to the current snapshot.
 * Writes nothing.
 * @throws JamError JAM_STORE_…
 */
export async function openDeltaSizes(
  store: Pick<Store, "blobs" | "documents" | "refs">,
  settings: DeltaSettings,
): Promise<(have: SiteInventory) => Promise<number>> {
  const snapshot = await currentSnapshot(store, MIRROR_REF);
  return async (have) => {
    if (snapshot === undefined) return 0;
    const advice = await adviceOf(store.documents, settings.advice);
    const manifest = await planBundle({ snapshot, choice: {}, have, advice, allowsPartial: true }, store);
    const { volumes } = await signBundle(manifest, undefined, settings.signer);
    return volumes.reduce((sum, { bytes }) => sum + bytes, 0);
  };
}
