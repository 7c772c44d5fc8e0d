import { INVENTORY_FORMAT, type MirrorInventory } from "../format/inventory.ts";
import { readHoldings, type HoldingsPorts } from "./holdings.ts";

/** Who asks, and when. */
export interface TakeOptions {
  /** Name of this side. */
  readonly site: string | undefined;
  readonly now: Date;
}

/**
 * What this mirror holds, as a document for the side that makes bundles. Before the first sync or import it says so:
 * then the next bundle carries everything.
 * @throws JamError JAM_STORE_…
 */
export async function takeInventory(
  ports: HoldingsPorts,
  { site, now }: TakeOptions,
): Promise<MirrorInventory> {
  const { snapshot, tarballs, documents, records, bringers } = await readHoldings(ports);
  const broughtBy = (sha256: (typeof documents)[number]) => {
    const bundle = bringers.get(sha256);
    return bundle === undefined ? {} : { bundle };
  };
  return {
    format: INVENTORY_FORMAT,
    kind: "mirror",
    createdAt: now.toISOString(),
    ...(site === undefined ? {} : { site }),
    snapshot: snapshot?.id ?? null,
    tarballs: tarballs.map((tarball) => ({ ...tarball, ...broughtBy(tarball.sha256) })),
    documents: documents.map((sha256) => ({ sha256, ...broughtBy(sha256) })),
    bundles: records.map(({ bundle, createdAt, importedAt }) => ({ id: bundle, createdAt, importedAt })),
  };
}
