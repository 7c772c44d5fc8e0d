import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isJamError, type JamError } from "../../../src/shared/errors.ts";
import { openHttpUpstream, type HttpUpstreamOptions } from "../../../src/upstream/http-upstream.ts";
import type { Timing } from "../../../src/upstream/waiting.ts";
import type { FetchOptions, ItemRequest, Upstream } from "../../../src/upstream/source.ts";
import type { TemporaryStore } from "../../helpers/temporary-store.ts";
import type { TestUpstream } from "../../helpers/upstream.ts";

export const INDEX = "streams/v1/index2.sjson";

/** A signal that never fires. */
export const NEVER = new AbortController().signal;

/** An upstream to read from, and what it was told to wait and to warn of. */
export interface TestSource extends AsyncDisposable {
  readonly source: Upstream;
  readonly waits: number[];
  readonly warnings: string[];
}

/** A timing that waits for nothing, and notes how long it should have. */
export function instantTiming(waits: number[], now: () => number = Date.now): Timing {
  return {
    now,
    sleep: async (ms) => {
      waits.push(ms);
    },
    random: () => 1,
  };
}

/** The sample upstream as a source that trusts the sample's key. */
export async function openSource(
  upstream: Pick<TestUpstream, "url" | "tree">,
  overrides: Partial<HttpUpstreamOptions> = {},
): Promise<TestSource> {
  const folder = await mkdtemp(join(tmpdir(), "jam-upstream-"));
  const keyring = join(folder, "keyring.asc");
  await writeFile(keyring, upstream.tree.key.publicKeyArmored);
  const waits: number[] = [];
  const warnings: string[] = [];
  const source = openHttpUpstream({
    name: "sample",
    url: upstream.url,
    keyring,
    userAgent: "jam/test",
    timing: instantTiming(waits),
    onWarning: (message) => warnings.push(message),
    ...overrides,
  });
  return {
    source,
    waits,
    warnings,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What to ask for one tarball of the sample, as the metadata promises it. */
export function itemRequest({ tree }: Pick<TestUpstream, "tree">, path: string): ItemRequest {
  const listing = tree.listings.find(({ item }) => item.path === path);
  if (listing === undefined) throw new Error(`The sample tree has no ${path}.`);
  return { path, size: listing.item.size, sha256: listing.item.sha256 as ItemRequest["sha256"] };
}

/** What a fetch told its listener. */
export interface FetchLog {
  bytes: number;
  readonly retries: string[];
}

/** Brings one tarball into the store and closes what was staged, come what may. */
export async function fetchInto(
  store: TemporaryStore,
  source: Upstream,
  item: ItemRequest,
  options: Partial<FetchOptions> = {},
): Promise<FetchLog> {
  const log: FetchLog = { bytes: 0, retries: [] };
  const staged = await store.blobs.stage(item.sha256);
  try {
    await source.fetchItem(item, staged, {
      signal: NEVER,
      onBytes: (bytes) => (log.bytes += bytes),
      onRetry: (error) => log.retries.push(isJamError(error) ? error.code : error.message),
      ...options,
    });
  } finally {
    await staged.close();
  }
  return log;
}

/** Leaves `bytes` in the store as an earlier, interrupted run would. */
export async function leavePartial(
  store: TemporaryStore,
  item: ItemRequest,
  { bytes, validator }: { readonly bytes: Uint8Array; readonly validator?: string | undefined },
): Promise<void> {
  const staged = await store.blobs.stage(item.sha256);
  await staged.restart(validator);
  await staged.append(pieces(bytes), item.size);
  await staged.close();
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The JamError that a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<JamError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isJamError(error)) return error;
  throw new Error(`Expected a JamError, got ${String(error)}`, { cause: error });
}

/** A small HTTP server that answers as told. */
export async function serve(
  listener: RequestListener,
): Promise<{ readonly url: string; readonly port: number } & AsyncDisposable> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
