import type { RetryWait } from "../upstream/source.ts";
import type { ErrorCode } from "../shared/errors.ts";

/**
 * The steps of a run, in order; `write` and `read` are about volumes of a bundle, in the place of `fetch`. `verify` is a
 * run of its own.
 */
export type SyncPhase = "metadata" | "plan" | "fetch" | "write" | "read" | "verify" | "publish" | "prune";

/** What happens during a run, for its observers: a progress bar, a log, an NDJSON stream. */
export type SyncEvent =
  | { readonly kind: "phase"; readonly phase: SyncPhase }
  /**
   * What the phase will move. `bytes` counts all of it; `received` is, by path, what an earlier run left of it.
   */
  | {
      readonly kind: "planned";
      readonly items: number;
      readonly bytes: number;
      readonly received?: Readonly<Record<string, number>>;
    }
  /** `received` bytes of `size` were here already from an earlier run. */
  | { readonly kind: "item-started"; readonly path: string; readonly size: number; readonly received: number }
  /** `bytes` more arrived; negative when a restart threw some away. */
  | { readonly kind: "item-bytes"; readonly path: string; readonly bytes: number }
  | ({ readonly kind: "item-retry"; readonly path: string; readonly message: string } & RetryWait)
  /** Told before the run waits for anything but a tarball; `source` is the upstream's name or a setting. */
  | ({
      readonly kind: "wait";
      readonly source: string;
      readonly path: string;
      readonly message: string;
    } & Pick<RetryWait, "waitMs" | "askedBy"> &
      Partial<RetryWait>)
  /** `agents` names how many agents a tarball is for. */
  | { readonly kind: "item-done"; readonly path: string; readonly size: number; readonly agents?: number }
  | {
      readonly kind: "item-failed";
      readonly path: string;
      readonly code: ErrorCode;
      readonly message: string;
      /** True where the end of the run has the message again, so that people do not read it twice. */
      readonly isTold?: boolean;
    }
  /** `isUrgent`: shown even with --quiet. */
  | { readonly kind: "warning"; readonly message: string; readonly isUrgent?: true };

export type SyncObserver = (event: SyncEvent) => void;
