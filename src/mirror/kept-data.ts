import { formatByteSize } from "../shared/byte-size.ts";
import { formatCount } from "../shared/listed.ts";
import type { Store } from "../store/store.ts";
import { hashesOfKept, readKeptSnapshots } from "./kept-contents.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { currentHeader, type MirrorReader } from "./read-snapshots.ts";
import type { AgentsAndBytes, KeptData } from "./run-report.ts";

type KeptStore = {
  readonly blobs: Pick<Store["blobs"], "list" | "listStaged">;
  readonly documents: Store["documents"];
};

/** What is here and listed by no snapshot: verified files, and parts of others. */
export async function readKept(store: KeptStore): Promise<KeptData> {
  const listed = hashesOfKept(await readKeptSnapshots(store));
  let [files, bytes] = [0, 0];
  for await (const { sha256, size } of store.blobs.list()) {
    if (listed.has(sha256)) continue;
    files += 1;
    bytes += size;
  }
  const staged = await readStaged(store);
  return { files, partial: staged.tarballs, bytes: bytes + staged.bytes };
}

/** Agents that the mirror lists, and bytes of their distinct tarballs; none where its snapshot cannot be read. */
export async function readShown(store: MirrorReader): Promise<AgentsAndBytes> {
  const header = await currentHeader(store, MIRROR_REF).catch(() => undefined);
  return { agents: header?.counts.agents ?? 0, bytes: header?.counts.bytes ?? 0 };
}

/** Tarballs of which a part is here, and the bytes of these parts. */
export async function readStaged({
  blobs,
}: Pick<KeptStore, "blobs">): Promise<{ readonly tarballs: number; readonly bytes: number }> {
  let [tarballs, bytes] = [0, 0];
  for await (const { received } of blobs.listStaged?.() ?? []) {
    tarballs += 1;
    bytes += received;
  }
  return { tarballs, bytes };
}

/** `8 files and parts of 3 more are kept (28.2 MiB)` */
export function describeKept({ files, partial, bytes }: KeptData): string {
  if (files + partial === 0) return "nothing had been received";
  const parts = partial === 1 ? "a part" : "parts";
  const more = files === 0 ? formatCount(partial, "tarball") : `${partial} more`;
  const what = [
    ...(files === 0 ? [] : [formatCount(files, "file")]),
    ...(partial === 0 ? [] : [`${parts} of ${more}`]),
  ];
  const verb = files + partial === 1 ? "is" : "are";
  return `${what.join(" and ")} ${verb} kept (${formatByteSize(bytes)})`;
}
