import type { CommandContext } from "../command.ts";
import type { SyncEvent, SyncObserver, SyncPhase } from "../../mirror/run-events.ts";
import type { TransferState } from "./transfer-state.ts";
import { type ProgressView, describeEvent, describePhase, describeTotals } from "./view.ts";
import { MAX_LISTED } from "../../shared/listed.ts";

/** Often enough to see that it lives, rare enough for a log that is kept. */
const LINE_INTERVAL_MS = 5_000;

/** One line every few seconds while tarballs arrive, and one for each phase and trouble; for logs and pipes. */
export function createLines({ io }: Pick<CommandContext, "io">, state: TransferState): ProgressView {
  let last: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  // A run without changes prints one line, not five.
  let hasWork = false;
  let transfer: SyncPhase | undefined;
  let announced: SyncPhase | undefined;
  const announce = (phase: SyncPhase) => {
    if (phase !== announced) write(describePhase(phase));
    announced = phase;
  };
  const write = (line: string) => {
    last = io.stderr.write(`${line}\n`);
  };
  const stop = () => {
    if (timer !== undefined) write(describeTotals(state.totals(), transfer, true));
    clearInterval(timer);
    timer = undefined;
  };
  return {
    show: (event) => {
      const line = describeEvent(event);
      if (line !== undefined) write(line);
      if (event.kind === "phase") {
        stop();
        if (event.phase === "metadata" || hasWork) announce(event.phase);
      }
      if (event.kind === "planned" && event.items > 0) {
        hasWork = true;
        transfer = state.phase();
        announce(state.phase() ?? "fetch");
      }
      if (event.kind === "item-started" && timer === undefined) {
        timer = setInterval(() => write(describeTotals(state.totals(), transfer)), LINE_INTERVAL_MS);
        timer.unref();
      }
    },
    close: async () => {
      stop();
      await last;
    },
  };
}

/** Shows a sync while it runs. */
export interface Progress {
  readonly observe: SyncObserver;
  /** Removes bars from the terminal and writes what is still pending. It can be called twice. */
  readonly close: () => Promise<void>;
}

/** The same progress with the first failures, retries and warnings as they happen, and the others counted at its end. */
export function limitTroubles({ observe, close }: Progress): Progress {
  const counts = { "item-failed": 0, "item-retry": 0, warning: 0 };
  return {
    observe: (event) => {
      if (isTrouble(event) && (counts[event.kind] += 1) > MAX_LISTED) return;
      observe(event);
    },
    close: () => {
      for (const [kind, count] of Object.entries(counts)) {
        if (count <= MAX_LISTED) continue;
        const message = `${count - MAX_LISTED} more of ${kind} were not shown`;
        observe({ kind: "warning", message });
      }
      Object.assign(counts, { "item-failed": 0, "item-retry": 0, warning: 0 });
      return close();
    },
  };
}

function isTrouble(
  event: SyncEvent,
): event is SyncEvent & { kind: "item-failed" | "item-retry" | "warning" } {
  return event.kind === "item-failed" || event.kind === "item-retry" || event.kind === "warning";
}
