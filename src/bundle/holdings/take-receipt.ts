import { sumTarballBytes } from "../../juju/agent.ts";
import { groupReceived, RECEIPT_FORMAT, type Receipt } from "../format/receipt.ts";
import { readHoldings, type HoldingsPorts } from "./holdings.ts";
import type { TakeOptions } from "./take-inventory.ts";

/**
 * What has arrived on this side, to be signed and sent back.
 * @throws JamError JAM_STORE_…
 */
export async function takeReceipt(
  ports: HoldingsPorts,
  { site, now }: TakeOptions & { readonly site: string },
): Promise<Receipt> {
  const { snapshot, tarballs, documents, bringers } = await readHoldings(ports);
  const received = groupReceived([...tarballs.map(({ sha256 }) => sha256), ...documents], bringers);
  const shown = snapshot?.bundle?.id;
  const isNamed = shown === undefined || received.bundles.includes(shown);
  return {
    format: RECEIPT_FORMAT,
    site,
    createdAt: now.toISOString(),
    snapshot: snapshot?.id ?? null,
    held: received.held,
    // A bundle that brought nothing new arrived all the same.
    bundles: isNamed ? received.bundles : [...received.bundles, shown],
    agents: tarballs.reduce((sum, { agents }) => sum + agents.length, 0),
    bytes: sumTarballBytes(tarballs),
  };
}
