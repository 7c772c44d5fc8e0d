import type { SyncEvent, SyncPhase } from "../../mirror/run-events.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { printable } from "../../shared/printable.ts";
import type { TransferTotals } from "./transfer-state.ts";

/** Shows events to a person. */
export interface ProgressView {
  readonly show: (event: SyncEvent) => void;
  readonly close: () => Promise<void>;
}

const PHASES = {
  metadata: "Reading upstream's metadata",
  plan: "Comparing with the mirror",
  fetch: "Fetching",
  write: "Writing the bundle",
  read: "Reading the bundle",
  verify: "Verifying tarballs",
  publish: "Publishing",
  prune: "Removing what no snapshot needs",
} as const satisfies Record<SyncPhase, string>;

/** What moves in the phases in which bytes move. */
const MOVED: Partial<Record<SyncPhase, string>> = {
  fetch: "tarballs",
  write: "volumes",
  read: "volumes",
  verify: "tarballs",
};

/** True for the phases whose progress is counted in bytes. */
export function isTransfer(phase: SyncPhase | undefined): boolean {
  return phase !== undefined && phase in MOVED;
}

export function describePhase(phase: SyncPhase): string {
  return PHASES[phase];
}

/** `requested by sample, attempt 2 of 5` */
function describeWait(event: Extract<SyncEvent, { kind: "item-retry" | "wait" }>): string {
  const source = event.kind === "wait" ? event.source : "upstream";
  if (event.attempt === undefined) return event.askedBy === "upstream" ? `${source} is silent` : source;
  const who = event.askedBy === "upstream" ? `requested by ${source}` : "jam's own wait";
  return `${who}, attempt ${event.attempt} of ${event.attempts}`;
}

/** What it is about, where the message does not name it. */
function subject({ path, message }: Extract<SyncEvent, { kind: "item-retry" | "wait" }>): string {
  return path === "" || message.includes(path) ? "" : `${printable(path)}: `;
}

/** Events that get a line of their own in every view; undefined for the rest. */
export function describeEvent(event: SyncEvent): string | undefined {
  switch (event.kind) {
    case "warning":
      return `warning: ${printable(event.message, 1000)}`;
    case "item-failed":
      if (event.isTold === true) return undefined;
      return `failed: ${printable(event.path)}: ${printable(event.message, 500)} [${event.code}]`;
    case "item-retry":
      return `again in ${formatDuration(event.waitMs)} (${describeWait(event)}): ${subject(event)}${printable(event.message, 500)}`;
    case "wait":
      return `waiting up to ${formatDuration(event.waitMs)} (${describeWait(event)}): ${subject(event)}${printable(event.message, 500)}`;
    default:
      return undefined;
  }
}

/** `7/40 tarballs, 140.0 MiB of 800.0 MiB, 18.2 MiB/s, 36 s left`; without what is left where the phase is over. */
export function describeTotals(totals: TransferTotals, phase: SyncPhase = "fetch", isOver = false): string {
  const failed = totals.failedItems === 0 ? "" : ` (${totals.failedItems} failed)`;
  // The size of standard input is not known.
  const isOpenEnded = totals.bytes === 0 && totals.doneBytes > 0;
  const all = isOpenEnded ? "" : ` of ${formatByteSize(totals.bytes)}`;
  const left =
    isOpenEnded || isOver || totals.remainingMs === undefined
      ? ""
      : `, ${formatDuration(totals.remainingMs)} left`;
  return (
    `${totals.doneItems}/${totals.items} ${MOVED[phase] ?? "files"}${failed}, ` +
    `${formatByteSize(totals.doneBytes)}${all}, ` +
    `${formatByteSize(Math.round(totals.bytesPerSecond))}/s${left}`
  );
}
