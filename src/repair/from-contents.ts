import { JamError } from "../shared/errors.ts";
import { parseSha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import type { HashedContents, RepairSource, WantedDocument } from "./repair-source.ts";

/**
 * Repairs from contents that are known by their hash: a bundle, or another mirror's data directory, which has snapshots as
 * well.
 */
export function repairFromContents(
  name: string,
  contents: HashedContents,
  documents?: Pick<DocumentStore, "get">,
): RepairSource {
  return {
    name,
    async fetchItem({ path, size, sha256 }, staged, { signal, onBytes }) {
      const reader = await contents.open(sha256);
      if (reader === undefined) throw notThere(name, path);
      try {
        if (staged.received > 0) await staged.restart(undefined);
        await staged.append(counted(reader.bytes(), { signal, onBytes }), size);
        await staged.commit(size);
      } finally {
        await reader.close();
      }
    },
    async readDocument(wanted) {
      return (await documents?.get(wanted.kind, wanted.name)) ?? readContent(contents, wanted);
    },
    async has(sha256) {
      const reader = await contents.open(sha256);
      await reader?.close();
      return reader !== undefined;
    },
  };
}

async function readContent(
  contents: HashedContents,
  { name }: WantedDocument,
): Promise<Uint8Array | undefined> {
  const sha256 = parseSha256(name);
  const reader = sha256 && (await contents.open(sha256));
  if (reader === undefined) return undefined;
  try {
    const pieces: Buffer[] = [];
    for await (const piece of reader.bytes()) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  } finally {
    await reader.close();
  }
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  {
    signal,
    onBytes,
  }: { readonly signal: AbortSignal; readonly onBytes?: ((bytes: number) => void) | undefined },
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    onBytes?.(piece.length);
    yield piece;
  }
}

function notThere(name: string, path: string): JamError {
  return new JamError("JAM_AGENT_NOT_FOUND", `${name} does not contain ${path}.`, {
    hint: "Name another place with --from.",
    details: { from: name, path },
  });
}
