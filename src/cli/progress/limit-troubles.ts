import { MAX_LISTED } from "../../shared/listed.ts";
import type { SyncEvent, SyncObserver } from "../../mirror/run-events.ts";

/** Shows a sync while it runs. */
export interface Progress {
  readonly observe: SyncObserver;
  /** Takes bars off the terminal and writes what is still to be said. Calling it twice does no harm. */
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
