import { defined } from "../shared/collections.ts";
import { type ErrorCode, JamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { isDocumentName, isTreeId } from "./layout.ts";
import type { DocumentKind, LeaseHolder } from "./store.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** The refusals of the contract that every driver words alike. */

/** @throws JamError JAM_USAGE_INVALID for a name that no document of this kind may have */
export function checkDocumentName(kind: DocumentKind, name: string): void {
  if (isDocumentName(kind, name)) return;
  throw new JamError("JAM_USAGE_INVALID", `"${name}" cannot be the name of a document in ${kind}.`, {
    hint: "Names consist of letters, digits, dots, dashes and underscores.",
    details: { kind, name },
  });
}

/** @throws JamError JAM_USAGE_INVALID for what can be neither the name of a ref nor what it points at */
export function checkRefName(name: string): void {
  if (isTreeId(name)) return;
  throw new JamError("JAM_USAGE_INVALID", `"${name}" cannot be the name of a ref or a snapshot.`, {
    hint: "Names consist of letters, digits, dots, dashes and underscores.",
    details: { name },
  });
}

/** What one process at a time may be: who writes, or the cache server. */
export type LockedPlace = "writer" | "cache";

/** `JAM_STORE_LOCKED`: somebody else has the place; undefined when it is not known who. */
export function lockedBy(
  holder: LeaseHolder | undefined,
  place: LockedPlace = "writer",
  cause?: unknown,
): JamError {
  const who = holder
    ? `\`${holder.command}\` (process ${holder.pid} on ${holder.host}, since ${formatLocalTime(holder.since)})`
    : "another process";
  const message =
    place === "cache"
      ? `Another cache server uses this data directory: ${who}.`
      : `The mirror is being written by ${who}.`;
  return new JamError("JAM_STORE_LOCKED", message, {
    ...defined({ cause }),
    hint: "Wait until it has ended, or stop it; the lock goes with the process.",
    details: { ...holder, since: holder?.since.toISOString() },
  });
}

/** `JAM_STORE_LOCKED`: this run's lease is lost. `lock` is what others took or removed. */
export function leaseLost(store: string, lock: string, place: LockedPlace = "writer"): JamError {
  return new JamError("JAM_STORE_LOCKED", `The lock of ${store} was taken away while this run held it.`, {
    hint:
      place === "cache"
        ? `Nothing is stored any more. Find out who removed or replaced ${lock}; when no other cache server runs, start this one again.`
        : `Nothing was published after that. Find out who removed or replaced ${lock}; when no other run writes, run the command again.`,
    details: { lock, lost: true },
  });
}

/** `JAM_ITEM_SIZE_MISMATCH`: a staged blob has, or would get, another size than it must have. */
export function sizeMismatch(
  sha256: Sha256,
  { expected, actual, hint }: { readonly expected: number; readonly actual: number; readonly hint: string },
): JamError {
  const text = `received ${actual} bytes, expected ${expected}`;
  return mismatch("JAM_ITEM_SIZE_MISMATCH", { sha256, text, expected, actual, hint });
}

/** `JAM_ITEM_HASH_MISMATCH`: the staged bytes are not those of the blob. */
export function hashMismatch(
  sha256: Sha256,
  { actual, hint }: { readonly actual: string; readonly hint: string },
): JamError {
  const text = `received SHA-256 ${actual}, expected ${sha256}`;
  return mismatch("JAM_ITEM_HASH_MISMATCH", { sha256, text, expected: sha256, actual, hint });
}

function mismatch(
  code: ErrorCode,
  facts: {
    readonly sha256: Sha256;
    readonly text: string;
    readonly expected: unknown;
    readonly actual: unknown;
    readonly hint: string;
  },
): JamError {
  const { sha256, text, expected, actual, hint } = facts;
  return new JamError(code, `Blob ${sha256}: ${text}.`, { details: { sha256, expected, actual }, hint });
}
