import { formatByteSize } from "../../shared/byte-size.ts";
import { printable } from "../../shared/printable.ts";
import type { CommandContext } from "../command.ts";
import type { Transfer, TransferState } from "./transfer-state.ts";
import { type ProgressView, describeEvent, describePhase, describeTotals, isTransfer } from "./view.ts";

const REDRAW_MS = 100;
const MAX_BARS = 8;
const BAR_WIDTH = 20;
const DEFAULT_COLUMNS = 80;

type BarContext = Pick<CommandContext, "io" | "paintError">;

/** One bar for each running transfer and one line for the whole, redrawn in place; for terminals. */
export function createBars({ io, paintError }: BarContext, state: TransferState): ProgressView {
  let drawn = 0;
  let isOpen = true;
  let last: Promise<void> = Promise.resolve();
  const write = (text: string) => {
    last = io.stderr.write(text);
  };
  const erase = () => (drawn === 0 ? "" : `\u001B[${drawn}A\r\u001B[J`);
  const draw = (above = "") => {
    if (!isOpen) return;
    const columns = io.stderr.columns() ?? DEFAULT_COLUMNS;
    const lines = drawing(state).map((line) => line.slice(0, Math.max(1, columns - 1)));
    write(`${erase()}${above}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  const timer = setInterval(() => draw(), REDRAW_MS);
  timer.unref();
  return {
    show: (event) => {
      const line = describeEvent(event);
      if (line !== undefined) draw(`${paintError("yellow", line)}\n`);
      else if (event.kind === "phase") draw();
    },
    close: async () => {
      if (isOpen) {
        clearInterval(timer);
        write(erase());
        isOpen = false;
      }
      await last;
    },
  };
}

/** The lines for the terminal, without colours: their length is their width. */
export function drawing(state: TransferState): string[] {
  const running = state.running();
  const lines = running.slice(0, MAX_BARS).map((transfer) => describeTransfer(transfer));
  if (running.length > MAX_BARS) lines.push(`  … and ${running.length - MAX_BARS} more`);
  const phase = state.phase();
  const totals = state.totals();
  if (totals.items > 0 && isTransfer(phase)) lines.push(describeTotals(totals, phase));
  else if (phase !== undefined) lines.push(`${describePhase(phase)} …`);
  return lines;
}

function describeTransfer({ path, size, received }: Transfer): string {
  const share = size === 0 ? 1 : Math.min(1, received / size);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const name = printable(path.slice(path.lastIndexOf("/") + 1), 60);
  return `  [${bar}] ${percent} ${formatByteSize(size).padStart(9)}  ${name}`;
}
