import { isFarAhead, skewNote } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { JamError } from "../shared/errors.ts";
import type { RememberedDocument, UpstreamMemory } from "../mirror/upstream-state.ts";

/** What an operator can let pass by name (`--allow …`) although it is refused otherwise. */
export const ALLOWANCES = [
  "rollback",
  "future",
  "expired-key",
  "mass-removal",
  "path-reuse",
  "inconsistent",
] as const;
export type Allowance = (typeof ALLOWANCES)[number];

/** Upstream may have nothing new; after this long the run warns that updates may be withheld from it. */
export const STALE_AFTER_MS = 14 * 24 * 3_600_000;

/**
 * Compares newly read documents with what was accepted before. Signed simplestreams has no protection of its own
 * against replayed, frozen or future-dated documents.
 * @returns warnings: documents that are suspiciously old
 * @throws JamError JAM_METADATA_ROLLBACK, JAM_METADATA_FUTURE
 */
export function checkFreshness(
  documents: readonly RememberedDocument[],
  memory: UpstreamMemory,
  context: { readonly now: Date; readonly allow: ReadonlySet<Allowance> },
): string[] {
  for (const document of documents) {
    if (!context.allow.has("future")) refuseFuture(document, context.now);
    const known = memory.get(document.path);
    if (known !== undefined && !context.allow.has("rollback")) refuseRollback(document, known);
  }
  return documents.flatMap((document) => describeStale(document, context.now));
}

function refuseFuture(document: RememberedDocument, now: Date): void {
  for (const [what, date] of [
    ["updated", document.updatedAt],
    ["signed", document.signedAt],
  ] as const) {
    if (date === undefined || !isFarAhead(date, now)) continue;
    throw new JamError(
      "JAM_METADATA_FUTURE",
      `${document.url} says it was ${what} at ${date}, which is in the future.`,
      {
        hint: `Check this machine's clock (it says ${now.toISOString()}). If the clock is right and you trust the document, repeat the command with --allow future`,
        details: { path: document.path, [what]: date, now: now.toISOString() },
      },
    );
  }
}

function refuseRollback(document: RememberedDocument, known: RememberedDocument): void {
  const older = isBefore(document.updatedAt, known.updatedAt);
  const replayed = document.updatedAt === known.updatedAt && isBefore(document.signedAt, known.signedAt);
  if (!older && !replayed) return;
  const [now, before] = older ? [document.updatedAt, known.updatedAt] : [document.signedAt, known.signedAt];
  throw new JamError(
    "JAM_METADATA_ROLLBACK",
    `${document.url} is older (${now ?? "undated"}) than what was accepted before (${before}).`,
    {
      hint: `An old copy is being served, by a cache or by an attacker. If upstream really went back, repeat the command with --allow rollback.${skewNote(now, before)}`,
      details: { path: document.path, received: now ?? null, accepted: before },
    },
  );
}

/** An undated document is older than a dated one: dropping the date must not get around the check. */
function isBefore(date: string | undefined, other: string | undefined): boolean {
  if (other === undefined) return false;
  return date === undefined || Date.parse(date) < Date.parse(other);
}

function describeStale(document: RememberedDocument, now: Date): string[] {
  const date = document.signedAt ?? document.updatedAt;
  const ageMs = date === undefined ? 0 : now.getTime() - Date.parse(date);
  if (ageMs < STALE_AFTER_MS) return [];
  return [
    `${document.path} is ${formatDuration(ageMs)} old: upstream is quiet, or its news does not get through.`,
  ];
}
