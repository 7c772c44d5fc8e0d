import { setTimeout as sleep } from "node:timers/promises";
import { JamError } from "../../shared/errors.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { UpgradedDocument } from "../../upgrade/upgraded/upgraded.ts";
import type { CommandContext } from "../command.ts";
import { summarizeUpgraded } from "../render/upgraded.ts";

/** How often and how long a watch looks. */
export interface WatchOptions {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** Looks in a row that show a failure and nothing that moves; then waiting longer is of no use. */
const STUCK_LOOKS = 3;

/**
 * Looks again and again until everything is done, the time is over, or something failed and nothing moves any more.
 * Writes a line to standard error whenever something changed. A look that fails after the first one is said and
 * repeated: a controller does not answer while it restarts.
 * @returns the last look that could be read
 * @throws JamError of the first look, the reason of the context's signal when that is aborted
 */
export async function watchUpgrade(
  context: CommandContext,
  look: () => Promise<UpgradedDocument>,
  { everyMs, timeoutMs }: WatchOptions,
): Promise<UpgradedDocument> {
  const start = context.now().getTime();
  let last = await look();
  let said = "";
  let stuck = 0;
  let fault: JamError | undefined;
  for (;;) {
    const line = fault === undefined ? summarizeUpgraded(last) : `no answer: ${fault.message}`;
    if (line !== said) await context.output.note(`${context.now().toISOString()}  ${line}`);
    said = line;
    stuck = fault === undefined && isStuck(last) ? stuck + 1 : 0;
    if (fault === undefined && last.upgraded) return last;
    const elapsed = context.now().getTime() - start;
    if (stuck >= STUCK_LOOKS || elapsed + everyMs > timeoutMs) {
      const why = stuck >= STUCK_LOOKS ? "something failed and nothing moves" : "the time is over";
      await context.output.warn(`Stopped after ${formatDuration(elapsed)}: ${why}.`);
      return fault === undefined ? last : asUnread(last, fault);
    }
    await sleep(everyMs, undefined, { signal: context.signal });
    try {
      last = await look();
      fault = undefined;
    } catch (error) {
      if (!(error instanceof JamError) || context.signal.aborted) throw error;
      fault = error;
    }
  }
}

/** An old look says nothing of now. */
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
