import type { CommandContext } from "../command.ts";
import type { SyncPhase } from "../../mirror/run-events.ts";
import type { TransferState } from "./transfer-state.ts";
import { type ProgressView, describeEvent, describePhase, describeTotals } from "./view.ts";

/** Often enough to see that it lives, rare enough for a log that is kept. */
const LINE_INTERVAL_MS = 5_000;

/** One line every few seconds while tarballs arrive, and one for each phase and trouble; for logs and pipes. */
export function createLines({ io }: Pick<CommandContext, "io">, state: TransferState): ProgressView {
  let last: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  // A run that finds nothing new says one line, not five.
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
    if (timer !== undefined) write(describeTotals(state.totals(), transfer));
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
