import type { DocumentStore } from "../../store/store.ts";
import { isJamError, type JamError, isOfFamily } from "../../shared/errors.ts";
import type { NamedText } from "../../input/read-documents.ts";
import { readReceipt, type ReadReceipt, type ReceiptPorts } from "./read-receipt.ts";
import { updateSite, type SiteUpdate } from "./site.ts";

/** A receipt that changed nothing because it cannot be believed or read. */
export interface RefusedReceipt {
  /** As the operator named it. */
  readonly file: string;
  readonly error: JamError;
}

/** Receipts that were read, and those that were refused. */
export interface ReadReceipts {
  readonly receipts: readonly (ReadReceipt & { readonly file: string })[];
  readonly refused: readonly RefusedReceipt[];
}

/** Reads receipts one by one: one that is refused leaves the others alone. */
export async function readReceipts(texts: readonly NamedText[], ports: ReceiptPorts): Promise<ReadReceipts> {
  const receipts: (ReadReceipt & { file: string })[] = [];
  const refused: RefusedReceipt[] = [];
  for (const text of texts) {
    const answer = await orRefusal(text.name, () => readReceipt(text, ports));
    if ("error" in answer) refused.push(answer);
    else receipts.push({ ...answer.value, file: text.name });
  }
  return { receipts, refused };
}

/** Imports receipts one by one. Call with the writer's lease held. */
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

async function orRefusal<T>(
  file: string,
  action: () => Promise<T>,
): Promise<RefusedReceipt | { readonly value: T }> {
  try {
    return { value: await action() };
  } catch (error) {
    if (!isJamError(error, "JAM_RECEIPT_INVALID") && !isOfFamily(error, "trust")) throw error;
    return { file, error };
  }
}
