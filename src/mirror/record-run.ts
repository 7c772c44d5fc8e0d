import type { Store } from "../store/store.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import { asWriter } from "./as-writer.ts";
import { describeKept, readKept, readShown } from "./kept-data.ts";
import type { SyncObserver } from "./run-events.ts";
import { closeKilledRun, deleteRunNote, noteRun } from "./run-note.ts";
import {
  failedReport,
  keepReport,
  type AgentsAndBytes,
  type KeptData,
  type SyncReport,
  type UnstampedReport,
} from "./run-report.ts";

/** A run that leaves a report in the history, however it ends. */
export interface RecordedRun<Result> {
  /** `jam sync` */
  readonly command: string;
  readonly store: Store;
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly act: (signal: AbortSignal) => Promise<Result>;
  readonly reportOf: (result: Result) => UnstampedReport;
  /** What had arrived when the run failed. */
  readonly received: () => AgentsAndBytes;
}

/**
 * The result of a run as the store's single writer, and its report, which is kept under `history/`. The report of a run
 * that was cut short says what it keeps for the next one. A run that is killed leaves a note, which the next run turns
 * into a report.
 * @throws JamError JAM_STORE_LOCKED, and what `act` throws
 */
export async function recordRun<Result>(
  run: RecordedRun<Result>,
): Promise<{ readonly result: Result; readonly report: SyncReport }> {
  const { command, store, now } = run;
  const startedAt = now().toISOString();
  const started = performance.now();
  const stamped = (report: UnstampedReport): SyncReport => ({
    ...report,
    startedAt,
    durationMs: Math.round(performance.now() - started),
  });
  const onNote = (message: string) => run.observe({ kind: "warning", message });
  return asWriter(store, { command, onNote, signal: run.signal }, async (signal) => {
    await closeKilledRun(store);
    await noteRun(store, { command, startedAt });
    try {
      const result = await run.act(signal);
      const report = stamped(run.reportOf(result));
      await keepReport(store.documents, report);
      return { result, report };
    } catch (cause) {
      // Recording must not hide why the run failed: after a lost lease or on a full disk nothing can be written.
      const kept = await readKept(store).catch(() => undefined);
      const error = run.signal.aborted ? cancelled(cause, kept) : toJamError(cause);
      const left = { kept, held: await readShown(store) };
      const report = { command, ...failedReport(error, left), fetched: run.received() };
      await keepReport(store.documents, stamped(report)).catch(() => undefined);
      throw error;
    } finally {
      await deleteRunNote(store.documents).catch(() => undefined);
    }
  });
}

/** After a signal every failure is a consequence of it. The error says what the next run resumes with. */
function cancelled(cause: unknown, kept: KeptData | undefined): JamError {
  const keeps = kept === undefined ? "received data is kept" : describeKept(kept);
  return new JamError("JAM_CANCELLED", `Cancelled; ${keeps}.`, {
    hint: "Run the same command again: it resumes where it stopped.",
    details: { kept },
    // The reason of a cancelled run is the signal, and not what failed because of it.
    ...(cause instanceof JamError ? {} : { cause }),
  });
}
