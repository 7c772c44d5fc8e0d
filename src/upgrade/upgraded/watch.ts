import { JamError } from "../../shared/errors.ts";
import type { UpgradedDocument } from "./upgraded.ts";

/** How often and how long a watch looks. */
export interface WatchOptions {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** What a watch needs. */
export interface WatchWork {
  readonly look: () => Promise<UpgradedDocument>;
  /** Called after each look with the result, or with the error. */
  readonly onLook: (seen: UpgradedDocument | JamError) => Promise<void>;
  /** Called if the watch ends before everything is done. */
  readonly onStop: (end: { readonly elapsedMs: number; readonly why: string }) => Promise<void>;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Looks in a row that show a failure and no progress; then waiting longer does not help. */
const STUCK_LOOKS = 3;

/**
 * Looks repeatedly until everything is done, the time is over, or something failed without further progress.
 * A look that fails after the first one is reported and repeated: a controller does not respond while it restarts.
 * @returns the last look that could be read
 * @throws JamError of the first look, the reason of the signal when that is aborted
 */
export async function watchUpgrade(
  { look, onLook, onStop, now, sleep, signal }: WatchWork,
  { everyMs, timeoutMs }: WatchOptions,
): Promise<UpgradedDocument> {
  const start = now().getTime();
  let last = await look();
  let stuck = 0;
  let fault: JamError | undefined;
  for (;;) {
    await onLook(fault ?? last);
    stuck = fault === undefined && isStuck(last) ? stuck + 1 : 0;
    if (fault === undefined && last.upgraded) return last;
    const elapsedMs = now().getTime() - start;
    if (stuck >= STUCK_LOOKS || elapsedMs + everyMs > timeoutMs) {
      const why = stuck >= STUCK_LOOKS ? "something failed and there is no progress" : "the time is over";
      await onStop({ elapsedMs, why });
      return fault === undefined ? last : asUnread(last, fault);
    }
    await sleep(everyMs, signal);
    try {
      last = await look();
      fault = undefined;
    } catch (error) {
      if (!(error instanceof JamError) || signal.aborted) throw error;
      fault = error;
    }
  }
}

/** An old look does not show the current state. */
function asUnread(last: UpgradedDocument, fault: JamError): UpgradedDocument {
  const unread = { kind: "file" as const, file: "the last look", place: "", text: fault.message };
  return { ...last, upgraded: false, unread: [...last.unread, unread] };
}

function isStuck({ models }: UpgradedDocument): boolean {
  const agents = models.flatMap((model) => model.agents.map(({ state }) => state));
  const isMoving = agents.some(
    (state) => state === "behind" || state === "upgrading" || state === "not-started",
  );
  return agents.includes("failed") && !isMoving;
}
