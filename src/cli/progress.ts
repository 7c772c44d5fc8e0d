import type { SyncEvent, SyncObserver } from "../mirror/run-events.ts";
import { printable } from "../shared/printable.ts";
import type { CommandContext } from "./command.ts";
import type { ProgressMode } from "./global-options.ts";
import { printableJson } from "./output/document.ts";
import { createBars } from "./progress/bars.ts";
import { limitTroubles, type Progress, createLines } from "./progress/lines.ts";
import { describeEvent } from "./progress/view.ts";
import { createTransferState } from "./progress/transfer-state.ts";

/**
 * The progress that --progress selects, on standard error: `bar` redraws a terminal, `plain` writes a line
 * every few seconds, `json` one event in each line, `none` nothing. `auto` is `bar` on a terminal, else `plain`,
 * and nothing with --quiet. Warnings are shown in every mode but `none`, and urgent ones in that, too.
 */
export function createProgress(context: CommandContext): Progress {
  const mode = chooseMode(context);
  if (mode === "none") return limitTroubles(createSilence(context));
  if (mode === "json") return limitTroubles(createNdjson(context));
  const state = createTransferState(() => performance.now());
  const view = mode === "bar" ? createBars(context, state) : createLines(context, state);
  const isNew = waitFilter();
  const { observe, close } = limitTroubles({
    observe: (event) => {
      if (isNew(event)) view.show(event);
    },
    close: view.close,
  });
  return {
    observe: (event) => {
      state.apply(event);
      observe(event);
    },
    close,
  };
}

function createSilence({ output }: CommandContext): Progress {
  let last: Promise<void> = Promise.resolve();
  return {
    observe: (event) => {
      if (event.kind === "warning" && event.isUrgent === true)
        last = last.then(() => output.warn(`warning: ${printable(event.message, 1000)}`));
    },
    close: () => last,
  };
}

/** Reports only waits, in the form that --progress selects: for commands that read upstream for their answer. */
export function createWaitLines(context: CommandContext): SyncObserver {
  const mode = chooseMode(context);
  if (mode === "none") return () => undefined;
  const isNew = waitFilter();
  return (event) => {
    if (event.kind !== "wait" || (mode !== "json" && !isNew(event))) return;
    const line =
      mode === "json"
        ? printableJson(JSON.stringify({ time: context.now().toISOString(), ...event }))
        : describeEvent(event);
    void context.io.stderr.write(`${line}\n`);
  };
}

/** False for a wait that another document was told to have: several wait at once, mostly for the same reason. */
function waitFilter(): (event: SyncEvent) => boolean {
  const told = new Set<string>();
  return (event) => {
    if (event.kind !== "wait") return true;
    const cause = `${event.source} ${event.attempt} ${event.message.replaceAll(event.path || " ", "")}`;
    const isNew = !told.has(cause);
    told.add(cause);
    return isNew;
  };
}

function chooseMode({ globals, io }: CommandContext): Exclude<ProgressMode, "auto"> {
  if (globals.progress !== "auto") return globals.progress;
  if (globals.isQuiet) return "none";
  return io.stderr.isTTY && io.env["TERM"] !== "dumb" ? "bar" : "plain";
}

/** One JSON object in each line: the event and the time. Arriving bytes are summed up to four times a second. */
function createNdjson({ io, now }: CommandContext): Progress {
  const waiting = new Map<string, number>();
  let last: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const write = (event: object) => {
    last = io.stderr.write(`${printableJson(JSON.stringify({ time: now().toISOString(), ...event }))}\n`);
  };
  const flush = () => {
    for (const [path, bytes] of waiting) write({ kind: "item-bytes", path, bytes } satisfies SyncEvent);
    waiting.clear();
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    observe: (event) => {
      if (event.kind === "item-bytes") {
        waiting.set(event.path, (waiting.get(event.path) ?? 0) + event.bytes);
        timer ??= setTimeout(flush, 250);
        return;
      }
      flush();
      write(event);
    },
    close: async () => {
      flush();
      await last;
    },
  };
}
