/**
 * A mirror whose store is in memory: settings and keyring are in a folder, and nothing else is.
 *
 * ```ts
 * await using mirror = await memoryMirror(upstream);
 * const report = await mirror.sync();
 * mirror.place.rounds                       // round trips to the store so far
 * ```
 */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VolumeInput } from "../../src/medium/medium.ts";
import { importBundles } from "../../src/bundle/import/import-bundles.ts";
import type { ImportReport } from "../../src/bundle/import/import-work.ts";
import { composeImport } from "../../src/compose/bundle.ts";
import { composeSync } from "../../src/compose/sync.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/config.ts";
import type { ConfigFile } from "../../src/config/schema.ts";
import type { SyncReport } from "../../src/mirror/run-report.ts";
import type { Store } from "../../src/store/store.ts";
import { syncMirror } from "../../src/sync/sync-mirror.ts";
import { openMemoryStore } from "./memory-store/memory-store.ts";
import { MemoryPlace } from "./memory-store/place.ts";
import type { TestUpstream } from "./upstream.ts";

export interface MemoryMirror extends AsyncDisposable {
  readonly place: MemoryPlace;
  readonly store: Store;
  readonly config: Config;
  sync(): Promise<SyncReport>;
  /** Imports unsigned bundles too. */
  import(inputs: readonly VolumeInput[]): Promise<ImportReport>;
  /** Names in the folder of the settings. */
  files(): Promise<string[]>;
}

export interface MemoryMirrorOptions {
  readonly settings?: ConfigFile;
  /** Where everything is kept. Default a new place. */
  readonly place?: MemoryPlace;
}

/** A mirror of `upstream` that trusts its key; nothing is synced yet. */
export async function memoryMirror(
  upstream: Pick<TestUpstream, "url" | "tree">,
  { settings = {}, place = new MemoryPlace() }: MemoryMirrorOptions = {},
): Promise<MemoryMirror> {
  const folder = await mkdtemp(join(tmpdir(), "jam-memory-"));
  await writeFile(join(folder, "key.asc"), upstream.tree.key.publicKeyArmored);
  const file: ConfigFile = {
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url: upstream.url, keyring: "key.asc" }],
    select: [{ stream: "released" }],
    fetch: { retries: 1, idleTimeout: "PT5S" },
    ...settings,
  };
  // JSON is YAML.
  await writeFile(join(folder, "jam.yaml"), JSON.stringify(file));
  const config = await loadConfig({ file: undefined, flags: {}, env: {}, cwd: folder, version: "test" });
  const store = openMemoryStore(place);
  const run = {
    observe: () => undefined,
    signal: new AbortController().signal,
    allow: new Set<never>(),
    writes: false,
  };
  return {
    place,
    store,
    config,
    async sync() {
      const composed = await composeSync(config, { ...run, env: {}, userAgent: "jam/test" });
      return syncMirror(composed.options, { ...composed.work, store, sleep: async () => undefined });
    },
    async import(inputs) {
      const { rules, work } = await composeImport(config, { ...run, allowsUnsigned: true });
      return importBundles(inputs, rules, { ...work, store });
    },
    files: () => readdir(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
