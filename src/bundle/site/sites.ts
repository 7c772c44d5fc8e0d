import { defined } from "../../shared/collections.ts";
import { z } from "zod";
import { stateDocuments } from "../../mirror/state-document.ts";
import { isFarAhead } from "../../shared/clock.ts";
import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";
import type { DocumentStore } from "../../store/store.ts";
import { instant, siteName } from "../format/fields.ts";
import { receiptShape, type Receipt } from "../format/receipt.ts";
import { orRefusal, type ReadReceipt, type ReadReceipts, type RefusedReceipt } from "./read-receipts.ts";
import { inventoryOfReceipt, type SiteInventory } from "./site-inventory.ts";
import { formatLocalTime } from "../../shared/local-time.ts";

/** A far side, as its last receipt describes it. */
export interface Site {
  readonly name: string;
  /** ISO 8601; when the receipt was imported on this side. */
  readonly receivedAt: string;
  /** Fingerprint; null for a receipt that was accepted without a signature. */
  readonly signedBy: string | null;
  readonly receipt: Receipt;
  /** The original receipt, with its signature. */
  readonly text: string;
}

/** The effect of a receipt on its site. */
export interface SiteUpdate {
  /** `outdated`: a later receipt was imported before and stays. `known`: this receipt was imported before. */
  readonly outcome: "updated" | "known" | "outdated";
  /** After the import. */
  readonly site: Site;
  /** Before the import. */
  readonly earlier?: Site;
}

const notes = stateDocuments<Site>({
  prefix: "site-",
  format: "jam-site:1",
  schema: z.object({
    name: siteName,
    receivedAt: instant,
    signedBy: z.string().nullable(),
    receipt: receiptShape,
    text: z.string(),
  }),
  // The site sends the next receipt.
  damage: "absent",
});

/**
 * Imports a receipt, durably. One that is older than what is known changes nothing: receipts may arrive out of
 * order.
 * @throws JamError JAM_RECEIPT_INVALID for one from the future, which would outlive all that follow
 */
async function updateSite(
  documents: Pick<DocumentStore, "get" | "put">,
  { receipt, signedBy, text }: ReadReceipt,
  now: Date,
): Promise<SiteUpdate> {
  refuseFuture(receipt, now);
  const name = receipt.site;
  const earlier = await readSite(documents, name);
  const ageMs = Date.parse(receipt.createdAt) - Date.parse(earlier?.receipt.createdAt ?? "");
  if (earlier !== undefined && ageMs < 0) return { outcome: "outdated", site: earlier, earlier };
  // The same receipt with a new signature is an update; without one, it is not.
  const isKnown = ageMs === 0 && (signedBy === null || earlier?.signedBy === signedBy);
  if (earlier !== undefined && isKnown) return { outcome: "known", site: earlier, earlier };
  const site: Site = { name, receivedAt: now.toISOString(), signedBy, receipt, text };
  await notes.of(name).write(documents, site);
  return { outcome: "updated", site, ...defined({ earlier }) };
}

/** Imports receipts one by one. The caller holds the writer's lease. */
export async function updateSites(
  documents: Pick<DocumentStore, "get" | "put">,
  receipts: ReadReceipts["receipts"],
  now: Date,
): Promise<{ readonly updates: readonly SiteUpdate[]; readonly refused: readonly RefusedReceipt[] }> {
  const updates: SiteUpdate[] = [];
  const refused: RefusedReceipt[] = [];
  for (const { file, ...receipt } of receipts) {
    const answer = await orRefusal(file, () => updateSite(documents, receipt, now));
    if ("error" in answer) refused.push(answer);
    else updates.push(answer.value);
  }
  return { updates, refused };
}

/** Every site that has sent a receipt, by name. A site whose document is damaged is left out until its next receipt. */
export async function readSites(documents: Pick<DocumentStore, "get" | "list">): Promise<Site[]> {
  const sites: Site[] = [];
  for (const name of await notes.keys(documents)) {
    const site = await readSite(documents, name);
    if (site !== undefined) sites.push(site);
  }
  return sites;
}

/**
 * Deletes a site; the next delta for it needs a new receipt.
 * @throws JamError JAM_SITE_NOT_FOUND
 */
export async function removeSite(
  documents: Pick<DocumentStore, "list" | "delete">,
  name: string,
): Promise<void> {
  const names = await notes.keys(documents);
  if (!names.includes(name)) throw notFound(name, names);
  await notes.of(name).delete(documents);
}

/**
 * What a site has according to its last receipt. The signature was checked when the receipt was imported.
 * @throws JamError JAM_SITE_NOT_FOUND
 */
export async function inventoryOfSite(
  documents: Pick<DocumentStore, "get" | "list">,
  name: string,
): Promise<SiteInventory> {
  const names = await notes.keys(documents);
  const site = names.includes(name) ? await readSite(documents, name) : undefined;
  if (site === undefined) throw notFound(name, names);
  return inventoryOfReceipt(site.receipt);
}

async function readSite(documents: Pick<DocumentStore, "get">, name: string): Promise<Site | undefined> {
  const site = await notes.of(name).read(documents);
  return site?.name === name && site.receipt.site === name ? site : undefined;
}

function refuseFuture({ site, createdAt }: Receipt, now: Date): void {
  if (!isFarAhead(createdAt, now)) return;
  throw new JamError(
    "JAM_RECEIPT_INVALID",
    `The receipt of ${site} is dated ${formatLocalTime(createdAt)}, which is in the future: the clock here shows ${formatLocalTime(now)}.`,
    {
      hint: "Correct the clock that is wrong, then make the receipt again or repeat the command.",
      details: { site, createdAt, clock: now.toISOString() },
    },
  );
}

function notFound(name: string, names: readonly string[]): JamError {
  const near = nearest(name, names);
  return new JamError("JAM_SITE_NOT_FOUND", `No site "${printable(name, 80)}" has sent a receipt.`, {
    hint:
      near === undefined
        ? "`jam site list` shows those that have; `jam site update RECEIPT` imports one."
        : `Did you mean ${near}? \`jam site list\` shows all sites.`,
    details: { site: name, sites: names },
  });
}
