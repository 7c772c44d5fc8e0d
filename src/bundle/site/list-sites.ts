import { readCurrentSnapshot } from "../../mirror/current.ts";
import type { Store } from "../../store/store.ts";
import { behindOf } from "./behind.ts";
import { haveOfReceipt, type Have } from "./have.ts";
import { readSites, type Site } from "./site.ts";
import type { DescribedSite, ListedSite, SitesDocument } from "./sites-document.ts";

/**
 * Every site that has sent a receipt, and how far it is behind the current snapshot: what `jam site list -o json` prints.
 * @param sizeOfDelta computes the size of the bundle that a site needs next
 * @throws JamError JAM_STORE_…
 */
export async function listSites(
  store: Pick<Store, "documents" | "refs">,
  sizeOfDelta: (have: Have) => Promise<number>,
): Promise<SitesDocument> {
  const snapshot = await readCurrentSnapshot(store);
  const sites: ListedSite[] = [];
  for (const site of await readSites(store.documents)) {
    const have = haveOfReceipt(site.receipt);
    const behind = behindOf(snapshot, have);
    const surplus = site.receipt.agents + behind.agents - (snapshot?.agents.length ?? 0);
    sites.push({
      ...describeSite(site),
      behind,
      beyond: { agents: Math.max(0, surplus) },
      nextDelta: { bytes: await sizeOfDelta(have) },
    });
  }
  return { sites };
}

/** A site without its receipt's list of contents. */
export function describeSite({ name, receivedAt, signedBy, receipt }: Site): DescribedSite {
  const { createdAt, snapshot, bundles } = receipt;
  return { name, receivedAt, createdAt, snapshot, bundles, signedBy };
}
