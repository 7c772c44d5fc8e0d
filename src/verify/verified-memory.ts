import { z } from "zod";
import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { stateDocument } from "../mirror/state-document.ts";

/** When each tarball was hashed last and was whole: the next run begins with those that wait longest. */
const memory = stateDocument({
  name: "verified-blobs.json",
  format: "jam-verified-blobs:1",
  schema: z.object({ verifiedAt: z.record(z.string(), z.iso.datetime()) }),
  // Everything is hashed once more.
  damage: "absent",
  indent: 0,
});

/** Hash → ISO 8601. */
export type VerifiedMemory = Map<Sha256, string>;

/** What earlier runs hashed. */
export async function readVerified(documents: Pick<DocumentStore, "get">): Promise<VerifiedMemory> {
  const note = await memory.read(documents);
  return new Map(Object.entries(note?.verifiedAt ?? {}) as [Sha256, string][]);
}

/** Keeps it for the next run. */
export async function writeVerified(
  documents: Pick<DocumentStore, "put">,
  verified: VerifiedMemory,
): Promise<void> {
  await memory.write(documents, { verifiedAt: Object.fromEntries(verified) });
}
