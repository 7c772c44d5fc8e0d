import type { SyncObserver } from "../mirror/run-events.ts";
import {
  cancelled,
  isJamError,
  reportError,
  toJamError,
  type ErrorReport,
  type JamError,
} from "../shared/errors.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { BlobStore } from "../store/store.ts";
import type { RepairSource } from "./repair-source.ts";

/** A tarball that is missing here. */
export interface MissingTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Every path at which a snapshot lists it. */
  readonly paths: readonly string[];
}

export interface FetchWork {
  readonly blobs: BlobStore;
  /** In order of preference; the next one is asked when one cannot deliver. */
  readonly sources: readonly RepairSource[];
  /** Tarballs at the same time. */
  readonly jobs: number;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/** What came, and why the rest did not. */
export interface FetchedTarballs {
  readonly fetched: readonly MissingTarball[];
  readonly failed: ReadonlyMap<Sha256, ErrorReport>;
}

/**
 * Fetches each tarball from the first place that delivers it whole. One that no place delivers leaves the others alone; a
 * full disk ends the run.
 * @throws JamError JAM_CANCELLED, JAM_STORE_NO_SPACE, JAM_STORE_PERMISSION
 */
export async function fetchTarballs(
  missing: readonly MissingTarball[],
  { sources, jobs, ...work }: FetchWork,
): Promise<FetchedTarballs> {
  const fetched: MissingTarball[] = [];
  const failed = new Map<Sha256, ErrorReport>();
  const fetch = async (tarball: MissingTarball): Promise<void> => {
    const [path = ""] = tarball.paths;
    let last: JamError | undefined;
    for (const source of sources) {
      last = await fetchFrom(source, tarball, work);
      if (last === undefined) {
        fetched.push(tarball);
        work.observe({ kind: "item-done", path, size: tarball.size });
        return;
      }
    }
    if (last === undefined) return;
    failed.set(tarball.sha256, reportError(last));
    work.observe({ kind: "item-failed", path, code: last.code, message: last.message });
  };
  if (sources.length > 0) await mapConcurrently(missing, fetch, jobs);
  return { fetched, failed };
}

/** Undefined when it is here now, else why not. */
async function fetchFrom(
  source: RepairSource,
  { sha256, size, paths }: MissingTarball,
  { blobs, observe, signal }: Omit<FetchWork, "sources" | "jobs">,
): Promise<JamError | undefined> {
  const [shown = ""] = paths;
  let last: JamError | undefined;
  for (const path of paths) {
    if (signal.aborted) throw cancelled("received data is kept");
    const staged = await blobs.stage(sha256);
    try {
      observe({ kind: "item-started", path: shown, size, received: staged.received });
      await source.fetchItem({ path, size, sha256 }, staged, {
        signal,
        onBytes: (bytes) => observe({ kind: "item-bytes", path: shown, bytes }),
        onRetry: (error, wait) =>
          observe({ kind: "item-retry", path: shown, message: error.message, ...wait }),
      });
      return undefined;
    } catch (error) {
      if (signal.aborted) throw cancelled("received data is kept");
      last = toJamError(error);
      if (isJamError(last, "JAM_STORE_NO_SPACE", "JAM_STORE_PERMISSION", "JAM_STORE_LOCKED")) throw last;
    } finally {
      await staged.close();
    }
  }
  return last;
}
