import { isFarAhead, skewNote } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { JamError } from "../shared/errors.ts";
import type { AcceptedDocument, AcceptedDocuments } from "../mirror/upstream-state.ts";
import type { UpstreamDocument } from "../upstream/source.ts";
import { formatFingerprint } from "../shared/signature.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** What an operator can allow by name (`--allow …`) although it is refused otherwise. */
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
  documents: readonly AcceptedDocument[],
  accepted: AcceptedDocuments,
  context: { readonly now: Date; readonly allow: ReadonlySet<Allowance> },
): string[] {
  for (const document of documents) {
    if (!context.allow.has("future")) refuseFuture(document, context.now);
    const known = accepted.get(document.path);
    if (known !== undefined && !context.allow.has("rollback")) refuseRollback(document, known);
  }
  return documents.flatMap((document) => describeStale(document, context.now));
}

function refuseFuture(document: AcceptedDocument, now: Date): void {
  for (const [what, date] of [
    ["updated", document.updatedAt],
    ["signed", document.signedAt],
  ] as const) {
    if (date === undefined || !isFarAhead(date, now)) continue;
    throw new JamError(
      "JAM_METADATA_FUTURE",
      `${document.url} is dated in the future: ${what} at ${formatLocalTime(date)}.`,
      {
        hint: `Check this machine's clock (it shows ${formatLocalTime(now)}). If the clock is right and you trust the document, repeat the command with --allow future`,
        details: { path: document.path, [what]: date, now: now.toISOString() },
      },
    );
  }
}

function refuseRollback(document: AcceptedDocument, known: AcceptedDocument): void {
  const older = isBefore(document.updatedAt, known.updatedAt);
  const replayed = document.updatedAt === known.updatedAt && isBefore(document.signedAt, known.signedAt);
  if (!older && !replayed) return;
  const [now, before] = older ? [document.updatedAt, known.updatedAt] : [document.signedAt, known.signedAt];
  throw new JamError(
    "JAM_METADATA_ROLLBACK",
    `${document.url} is older (${describeDate(now)}) than what was accepted before (${describeDate(before)}).`,
    {
      hint: `A cache or an attacker served an old copy. If upstream really went back to it, repeat the command with --allow rollback.${skewNote(now, before)}`,
      details: { path: document.path, received: now ?? null, accepted: before },
    },
  );
}

function describeDate(date: string | undefined): string {
  return date === undefined ? "undated" : formatLocalTime(date);
}

/** An undated document is older than a dated one: dropping the date must not get around the check. */
function isBefore(date: string | undefined, other: string | undefined): boolean {
  if (other === undefined) return false;
  return date === undefined || Date.parse(date) < Date.parse(other);
}

function describeStale(document: AcceptedDocument, now: Date): string[] {
  const date = document.signedAt ?? document.updatedAt;
  const ageMs = date === undefined ? 0 : now.getTime() - Date.parse(date);
  if (ageMs < STALE_AFTER_MS) return [];
  return [
    `${document.path} is ${formatDuration(ageMs)} old: upstream has not changed, or updates are not reaching this mirror.`,
  ];
}

/** A document that is accepted although its key has expired. */
export interface KeyExpiry {
  /** ISO 8601, to be recorded with the document; undefined where the key was valid when the document was accepted. */
  readonly keyExpiredAt: string | undefined;
  /** For people; undefined where there is nothing to say. */
  readonly warning: string | undefined;
}

/**
 * Checks whether a document's key has expired. Anyone who has an expired key can backdate a signature, so it proves nothing
 * new; what was `accepted` before stays accepted.
 * @throws JamError JAM_METADATA_KEY_EXPIRED unless `expired-key` is allowed
 */
export function evaluateKeyExpiry(
  { url, path, sha256, signature }: UpstreamDocument,
  accepted: Pick<AcceptedDocument, "sha256" | "keyExpiredAt"> | undefined,
  { allow, now }: { readonly allow: ReadonlySet<Allowance>; readonly now: Date },
): KeyExpiry {
  if (accepted?.sha256 === sha256) return { keyExpiredAt: accepted.keyExpiredAt, warning: undefined };
  if (signature?.keyExpiredAt === undefined) return { keyExpiredAt: undefined, warning: undefined };
  const { fingerprint } = signature;
  const keyExpiredAt = signature.keyExpiredAt.toISOString();
  const what = `${url}: signed by key ${formatFingerprint(fingerprint)}, which expired on ${formatLocalTime(keyExpiredAt)}`;
  if (allow.has("expired-key")) {
    const warning = `${what}: anyone who has that key can backdate a signature. This is recorded in the snapshot.`;
    return { keyExpiredAt, warning };
  }
  const signedAt = signature.signedAt.toISOString();
  throw new JamError(
    "JAM_METADATA_KEY_EXPIRED",
    `${what}; the signature is dated before that, ${formatLocalTime(signedAt)}`,
    {
      hint: `If its owner renewed the key, set the file with the renewed key as the upstream's keyring. If no key has expired, set the clock of this machine, which shows ${formatLocalTime(now)}. If you trust an upstream that no longer renews its key, repeat the command with --allow expired-key`,
      details: { path, fingerprint, signedAt, expiredAt: keyExpiredAt, now: now.toISOString() },
    },
  );
}
