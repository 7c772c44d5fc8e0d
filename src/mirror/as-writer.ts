import type { Store } from "../store/store.ts";

/** A run that writes to the store. */
export interface WriterRun {
  /** The command, as others are told it who want to write meanwhile: `jam sync`. */
  readonly command: string;
  /** Called with what had to be put right in the store first. */
  readonly onNote: (note: string) => void | Promise<void>;
  /** Default: nobody cancels the run. */
  readonly signal?: AbortSignal;
}

/**
 * The result of `act`, which runs as the store's single writer. Its signal is the run's, and is aborted too when the
 * lease is lost; what `act` fails with then is reported as that loss.
 * @throws JamError JAM_STORE_LOCKED when another run writes, or when this one lost its lease
 */
export async function asWriter<T>(
  store: Pick<Store, "lease">,
  { command, onNote, signal }: WriterRun,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lease = await store.lease.acquire(command);
  try {
    if (lease.note !== undefined) await onNote(lease.note);
    return await act(signal === undefined ? lease.lost : AbortSignal.any([signal, lease.lost]));
  } catch (error) {
    // Releasing looks once more: a run whose place was taken away may fail of what the other one does.
    await lease.release();
    lease.lost.throwIfAborted();
    throw error;
  } finally {
    await lease.release();
  }
}
