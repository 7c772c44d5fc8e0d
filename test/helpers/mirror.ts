/**
 * A mirror in a folder of its own: settings, keyring and data directory.
 *
 * ```ts
 * await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released", keep: 2 }] });
 * const report = await mirror.sync();                    // in this process, real store and real HTTP
 * const { status } = await mirror.jam("sync", "--quiet"); // the command itself
 * await mirror.published();                              // what `tools/` shows, checked file by file
 * ```
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeSync } from "../../src/compose/sync.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { ConfigFile } from "../../src/config/schema.ts";
import type { Allowance } from "../../src/metadata/freshness.ts";
import type { SyncEvent } from "../../src/mirror/run-events.ts";
import type { SyncReport } from "../../src/mirror/run-report.ts";
import { planMirrorSync, syncMirror } from "../../src/sync/sync-mirror.ts";
import type { SyncPlan } from "../../src/sync/plan.ts";
import { readPublished, type Published } from "./published.ts";
import type { Finished } from "./jam-process.ts";
import { startJam, type RunningJam, type StartOptions } from "./running-jam.ts";
import type { TestUpstream } from "./upstream.ts";

/** What a test may hand in instead of the real thing. */
export interface SyncTestOptions {
  readonly allow?: readonly Allowance[];
  /** The moment that the run takes for now. Default the system's clock. */
  readonly at?: Date;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SyncEvent) => void;
  readonly env?: Readonly<Record<string, string>>;
}

export interface TestMirror extends AsyncDisposable {
  /** Holds jam.yaml, key.asc and data/. */
  readonly folder: string;
  readonly data: string;
  /** Replaces settings; those not named stay. */
  configure(settings: ConfigFile): Promise<void>;
  sync(options?: SyncTestOptions): Promise<SyncReport>;
  plan(options?: SyncTestOptions): Promise<SyncPlan>;
  /** Runs the command in `folder` to its end, in a process of its own. */
  jam(...args: string[]): Promise<Finished>;
  /** As `jam`, in this process: a quarter of a second of CPU time cheaper, for files with many commands. */
  here(...args: string[]): Promise<Finished>;
  /** Starts the command in `folder`. */
  start(args: readonly string[], options?: Omit<StartOptions, "cwd">): RunningJam;
  published(): Promise<Published>;
}

/** A mirror of `upstream` that trusts its key; nothing is synced yet. */
export async function temporaryMirror(
  upstream: Pick<TestUpstream, "url" | "tree">,
  settings: ConfigFile = {},
): Promise<TestMirror> {
  const folder = await mkdtemp(join(tmpdir(), "jam-mirror-"));
  const data = join(folder, "data");
  await writeFile(join(folder, "key.asc"), upstream.tree.key.publicKeyArmored);
  let current: ConfigFile = {
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url: upstream.url, keyring: "key.asc" }],
    select: [{ stream: "released" }],
    fetch: { retries: 1, idleTimeout: "PT5S" },
    ...settings,
  };
  // JSON is YAML.
  const write = () => writeFile(join(folder, "jam.yaml"), JSON.stringify(current));
  await write();
  const compose = async (writes: boolean, options: SyncTestOptions) => {
    const flags = {};
    const config = await loadConfig({ file: undefined, flags, env: {}, cwd: folder, version: "test" });
    const composed = await composeSync(config, {
      env: options.env ?? {},
      userAgent: "jam/test",
      observe: options.onEvent ?? (() => undefined),
      signal: options.signal ?? new AbortController().signal,
      allow: new Set(options.allow),
      writes,
    });
    const { at } = options;
    const now = at === undefined ? composed.work.now : () => at;
    // Upstream is asked again after seconds in earnest; here it has moved on already.
    return { options: composed.options, work: { ...composed.work, now, sleep: async () => undefined } };
  };
  return {
    folder,
    data,
    async configure(changes) {
      current = { ...current, ...changes };
      await write();
    },
    async sync(options = {}) {
      const composed = await compose(true, options);
      return syncMirror(composed.options, composed.work);
    },
    async plan(options = {}) {
      const composed = await compose(false, options);
      return (await planMirrorSync(composed.options, composed.work)).plan;
    },
    jam: (...args) => startJam(args, { cwd: folder }).finished,
    here: async (...args) => {
      // Loaded by those who use it only: all commands together take a second.
      const { jamHere } = await import("./jam-here.ts");
      return { ...(await jamHere(folder, args)), signal: null };
    },
    start: (args, options) => startJam(args, { ...options, cwd: folder }),
    published: () => readPublished(data),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
