import { readHeader } from "../mirror/read-snapshots.ts";
import { parseHeader, type SnapshotHeader } from "../mirror/snapshot-document.ts";
import { findNoteFault } from "../mirror/note-sum.ts";
import { readUpstreamState } from "../mirror/upstream-state.ts";
import { proofsOf } from "../mirror/snapshot.ts";
import { isJamError } from "../shared/errors.ts";
import { parseSha256, sha256Of } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { RepairSource, WantedDocument } from "./repair-source.ts";

export interface RestoreWork {
  readonly store: Pick<Store, "documents">;
  readonly sources: readonly RepairSource[];
  readonly signal: AbortSignal;
}

/**
 * Brings back what is damaged or missing of snapshots, their catalogues and upstream's documents, from the first place that
 * has the right bytes.
 * @param ids snapshots that are kept or shown
 * @returns how many documents came back
 * @throws JamError JAM_STORE_…
 */
export async function restoreDocuments(ids: Iterable<string>, work: RestoreWork): Promise<number> {
  let restored = 0;
  const headers: SnapshotHeader[] = [];
  for (const id of ids) {
    const header = (await wholeHeader(work, id)) ?? (await restoreHeader(work, id));
    if (header === undefined) continue;
    if ("restored" in header) restored += 1;
    headers.push("restored" in header ? header.restored : header);
  }
  for (const wanted of await namedBy(headers, work)) {
    if (await isHere(work, wanted)) continue;
    if (await restore(work, wanted)) restored += 1;
  }
  return restored;
}

async function wholeHeader({ store }: RestoreWork, id: string): Promise<SnapshotHeader | undefined> {
  try {
    const bytes = await store.documents.get("snapshots", `${id}.json`);
    if (bytes === undefined || findNoteFault(`${id}.json`, bytes, { needsFormat: true }) !== undefined)
      return undefined;
    return parseHeader(bytes, id);
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_PERMISSION", "JAM_STORE_IO")) return undefined;
    throw error;
  }
}

/** A snapshot has no hash in its name: its sum has to be right, and what can be read here stays where nothing better is found. */
async function restoreHeader(
  work: RestoreWork,
  id: string,
): Promise<SnapshotHeader | { readonly restored: SnapshotHeader } | undefined> {
  const name = `${id}.json`;
  for (const source of work.sources) {
    const bytes = await source.readDocument({ kind: "snapshots", name }, work.signal);
    if (
      bytes === undefined ||
      !hasSum(bytes) ||
      findNoteFault(name, bytes, { needsFormat: true }) !== undefined
    )
      continue;
    try {
      const restored = parseHeader(bytes, id);
      await work.store.documents.put("snapshots", name, bytes);
      return { restored };
    } catch (error) {
      if (!isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_FORMAT")) throw error;
    }
  }
  return readHeader(work.store, id).catch(() => undefined);
}

function hasSum(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('"sum":"');
}

/** Documents that these snapshots need, and those that are recorded as accepted. */
async function namedBy(
  headers: readonly SnapshotHeader[],
  { store }: RestoreWork,
): Promise<readonly WantedDocument[]> {
  const wanted = new Map<string, WantedDocument>();
  const accepted = await readUpstreamState(store.documents, undefined);
  const documents = [
    ...headers.flatMap((header) => proofsOf(header).flatMap((proof) => proof.documents)),
    ...accepted.documents.values(),
    ...[...accepted.further.values()].flat(),
  ];
  for (const { sha256, path } of documents) wanted.set(sha256, { kind: "upstream", name: sha256, path });
  for (const { catalogue } of headers)
    if ("pages" in catalogue)
      for (const { sha256 } of catalogue.pages) wanted.set(sha256, { kind: "catalogue", name: sha256 });
  return [...wanted.values()];
}

async function isHere({ store }: RestoreWork, { kind, name }: WantedDocument): Promise<boolean> {
  try {
    const bytes = await store.documents.get(kind, name);
    return bytes !== undefined && sha256Of(bytes) === parseSha256(name);
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_PERMISSION", "JAM_STORE_IO")) return false;
    throw error;
  }
}

async function restore(work: RestoreWork, wanted: WantedDocument): Promise<boolean> {
  for (const source of work.sources) {
    const bytes = await source.readDocument(wanted, work.signal);
    if (bytes === undefined || sha256Of(bytes) !== wanted.name) continue;
    await work.store.documents.put(wanted.kind, wanted.name, bytes);
    return true;
  }
  return false;
}
