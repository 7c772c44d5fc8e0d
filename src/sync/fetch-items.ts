import type { Upstream } from "../upstream/source.ts";
import type { BlobStore } from "../store/store.ts";
import PQueue from "p-queue";
import type { JamError } from "../shared/errors.ts";
import { cancelled, isJamError, reportError, type ErrorReport } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import { fetchTarball, isUnreachable } from "./fetch-tarball.ts";
import type { FetchStep } from "./plan.ts";

export interface FetchRequest {
  readonly steps: readonly FetchStep[];
  /** In order of preference; the next one is asked when one cannot deliver. */
  readonly sources: readonly Upstream[];
  readonly blobs: BlobStore;
  /** Tarballs at the same time. */
  readonly jobs: number;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

export interface FetchOutcome {
  readonly fetched: readonly FetchStep[];
  /** Bytes received over the network, including discarded ones. */
  readonly bytes: number;
  /** Bytes of the fetched tarballs that an earlier run had received. */
  readonly resumed: number;
  readonly failed: ReadonlyMap<Sha256, ErrorReport>;
}

/** After this many tarballs in a row that no upstream could deliver, no more are tried. */
const UNREACHABLE_LIMIT = 8;

/**
 * Fetches every step, several at a time. A step that fails leaves the others alone; each tarball is committed on
 * arrival and stays, whatever happens after it. A full disk or an unreachable upstream ends the queue early.
 * @throws JamError JAM_CANCELLED
 */
export async function fetchItems(request: FetchRequest): Promise<FetchOutcome> {
  const fetched: FetchStep[] = [];
  const failed = new Map<Sha256, ErrorReport>();
  let bytes = 0;
  let resumed = 0;
  let unreachable = 0;
  let hopeless: JamError | undefined;
  const queue = new PQueue({ concurrency: request.jobs });
  const tasks = request.steps.map((step) =>
    queue.add(async () => {
      if (request.signal.aborted) return;
      const tally: StepTally = { earlier: undefined, bytes: 0 };
      const error = hopeless ?? (await fetchStep(step, request, tally));
      bytes += tally.bytes;
      if (error === undefined) {
        unreachable = 0;
        fetched.push(step);
        resumed += tally.earlier ?? 0;
        const agents = step.agents.length;
        request.observe({ kind: "item-done", path: step.path, size: step.size, agents });
        return;
      }
      // The run says once that it was cancelled; what was under way has not failed.
      if (request.signal.aborted) return;
      failed.set(step.sha256, reportError(error));
      request.observe({ kind: "item-failed", path: step.path, code: error.code, message: error.message });
      if (isUnreachable(error)) unreachable += 1;
      if (
        isJamError(error, "JAM_STORE_NO_SPACE", "JAM_STORE_PERMISSION") ||
        unreachable >= UNREACHABLE_LIMIT
      ) {
        hopeless ??= error;
      }
    }),
  );
  await Promise.all(tasks);
  if (request.signal.aborted) throw cancelled("received data is kept");
  return { fetched, bytes, resumed, failed };
}

/** The bytes of one tarball. */
interface StepTally {
  /** Received by an earlier run and not thrown away; undefined before the first attempt. */
  earlier: number | undefined;
  /** Received now, including discarded ones. */
  bytes: number;
}

async function fetchStep(
  step: FetchStep,
  { blobs, sources, observe, signal }: FetchRequest,
  tally: StepTally,
): Promise<JamError | undefined> {
  const { sha256, size, path } = step;
  return fetchTarball(
    { sha256, size, paths: [path, ...step.otherPaths] },
    {
      sources,
      signal,
      stage: () => blobs.stage(sha256),
      onPlace({ received }) {
        tally.earlier ??= received;
        observe({ kind: "item-started", path, size, received });
      },
      onBytes(bytes) {
        if (bytes > 0) tally.bytes += bytes;
        else tally.earlier = Math.max(0, (tally.earlier ?? 0) + bytes);
        observe({ kind: "item-bytes", path, bytes });
      },
      onRetry(error, wait) {
        observe({ kind: "item-retry", path, message: error.message, ...wait });
      },
    },
  );
}
