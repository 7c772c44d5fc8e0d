import type { StagedBlob } from "../store/store.ts";
import { createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import { JamError, isJamError, isAbsent } from "../shared/errors.ts";
import { tooLarge } from "../simplestreams/metadata-fault.ts";
import { createDocumentTrust } from "./document-trust.ts";
import { MAX_DOCUMENT_BYTES } from "../shared/limits.ts";
import { cancelled } from "./failure.ts";
import type { UpstreamOptions } from "./http-upstream.ts";
import { STARTS_OVER } from "./item-download.ts";
import { requireSafePath } from "./url-policy.ts";
import { createTally } from "./tally.ts";
import { SYSTEM_TIMING } from "./waiting.ts";
import type { FetchOptions, ItemRequest, Upstream } from "./source.ts";

/** Few and large reads: each costs a turn through the thread pool. */
const READ_BYTES = 512 * 1024;

/** One file of the tree, seen to be inside it. */
interface SourceFile {
  readonly path: string;
  readonly size: number;
  /** Changes with the file's content, as an ETag does. */
  readonly validator: string;
}

/** Options of a folder upstream; `url` is the folder. */
export type FolderUpstreamOptions = UpstreamOptions;

/**
 * A simplestreams tree on disk: `DIR` with `DIR/tools/streams/v1`, or the tools folder itself. Symbolic links count
 * as long as they stay inside.
 */
export function openFolderUpstream(options: FolderUpstreamOptions): Upstream {
  const timing = options.timing ?? SYSTEM_TIMING;
  const onWarning = options.onWarning ?? (() => undefined);
  const trust = createDocumentTrust({ keyring: options.keyring, timing, onWarning });
  let root: Promise<string> | undefined;
  // One tree for the whole run: a published tree may be switched for another under the same name meanwhile.
  const openRoot = () => (root ??= findRoot(options.url));

  return {
    name: options.name,
    url: options.url,
    verifies: trust.verifies,
    trustedKeys: () => trust.trustedKeys(),
    checkDocument: (arrived) => trust.check(arrived),
    async readDocument(path, known, signal) {
      const folder = await openRoot();
      const file = await findFile(folder, path);
      if (signal.aborted) throw cancelled(signal);
      if (file === undefined) return { kind: "not-found", url: join(folder, path) };
      if (known?.etag === file.validator) return { kind: "not-modified" };
      if (file.size > MAX_DOCUMENT_BYTES)
        throw tooLarge(file.path, `${file.size} bytes`, { limit: MAX_DOCUMENT_BYTES });
      const bytes = await readFile(file.path, { signal }).catch((cause: unknown) => {
        throw signal.aborted ? cancelled(signal) : unreadable(file.path, cause);
      });
      const arrived = { path, url: file.path, bytes, validators: { etag: file.validator } };
      return { kind: "found", document: await trust.check(arrived) };
    },
    async fetchItem(item, sink, fetchOptions) {
      const folder = await openRoot();
      const file = await findFile(folder, item.path);
      if (file === undefined) throw notThere(join(folder, item.path));
      if (file.size !== item.size) throw wrongSize(file, item);
      await copyItem(file, item, sink, fetchOptions);
    },
  };
}

/** Resumes an earlier copy of the same file; starts again once if the bytes already copied are wrong. */
async function copyItem(
  file: SourceFile,
  item: ItemRequest,
  sink: StagedBlob,
  options: FetchOptions,
): Promise<void> {
  const tally = createTally(sink, options);
  const copy = async () => {
    if (sink.received === 0 || sink.received > item.size || sink.validator !== file.validator) {
      await sink.restart(file.validator);
      tally.settle();
    }
    const start = sink.received;
    if (start < item.size)
      await sink.append(readFrom(file.path, start, tally.add, options.signal), item.size);
    await sink.commit(item.size);
  };
  const resumed = sink.received > 0;
  try {
    await copy();
  } catch (error) {
    if (!resumed || !isJamError(error, "JAM_ITEM_SIZE_MISMATCH", "JAM_ITEM_HASH_MISMATCH")) throw error;
    options.onRetry?.(error, STARTS_OVER);
    await sink.restart(undefined);
    tally.settle();
    await copy();
  }
}

async function* readFrom(
  path: string,
  start: number,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const bytes = createReadStream(path, { start, highWaterMark: READ_BYTES, signal });
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      onBytes(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : unreadable(path, error);
  }
}

async function findRoot(folder: string): Promise<string> {
  for (const candidate of [join(folder, "tools"), folder]) {
    const streams = await stat(join(candidate, "streams", "v1")).catch(() => undefined);
    if (streams?.isDirectory() === true) return realpath(candidate);
  }
  throw new JamError("JAM_UPSTREAM_NOT_FOUND", `${folder}: no simplestreams tree in this folder`, {
    hint: "Name the folder that contains streams/v1 or tools/streams/v1.",
    details: { folder },
  });
}

async function findFile(root: string, path: string): Promise<SourceFile | undefined> {
  requireSafePath(path);
  const named = join(root, path);
  try {
    const real = await realpath(named);
    const inside = relative(root, real);
    if (inside === ".." || inside.startsWith(`..${sep}`)) throw escapes(named, real);
    const { size, mtimeNs } = await stat(real, { bigint: true });
    return { path: real, size: Number(size), validator: `"${mtimeNs.toString(16)}-${size.toString(16)}"` };
  } catch (error) {
    if (error instanceof JamError) throw error;
    if (isAbsent(error)) return undefined;
    throw unreadable(named, error);
  }
}

function escapes(named: string, real: string): JamError {
  return new JamError(
    "JAM_ITEM_REFUSED",
    `${named}: a symbolic link to ${real}, which is outside the upstream`,
    {
      hint: "Copy the tree with its links resolved (cp -rL), then run the same command again.",
      details: { path: named, target: real },
    },
  );
}

function notThere(path: string): JamError {
  return new JamError("JAM_UPSTREAM_NOT_FOUND", `${path}: listed in the metadata but missing`, {
    hint: "The copy is incomplete. Copy the folder again, then run the same command again.",
    details: { path },
  });
}

function wrongSize(file: SourceFile, item: ItemRequest): JamError {
  return new JamError(
    "JAM_ITEM_SIZE_MISMATCH",
    `${file.path}: expected ${item.size} bytes, it has ${file.size}`,
    {
      hint: "The copy is incomplete or altered. Copy the folder again, then run the same command again.",
      details: { path: item.path, expected: item.size, received: file.size },
    },
  );
}

function unreadable(path: string, cause: unknown): JamError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JamError("JAM_UPSTREAM_UNREACHABLE", `${path}: cannot be read: ${reason}`, {
    hint: "Check that the medium is mounted and that this user may read it.",
    details: { path },
    cause,
  });
}
