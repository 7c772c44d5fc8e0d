import { type Stats, lstatSync } from "node:fs";
import { isAbsent, systemCode, type ErrorCode, JamError } from "../shared/errors.ts";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "JAM_STORE_NO_SPACE",
  EDQUOT: "JAM_STORE_NO_SPACE",
  EACCES: "JAM_STORE_PERMISSION",
  EPERM: "JAM_STORE_PERMISSION",
  EROFS: "JAM_STORE_PERMISSION",
  EISDIR: "JAM_STORE_CORRUPT",
  ENOTDIR: "JAM_STORE_CORRUPT",
  ELOOP: "JAM_STORE_CORRUPT",
};

const REASONS: Partial<Record<ErrorCode, { readonly says: string; readonly hint: string }>> = {
  JAM_STORE_NO_SPACE: {
    says: "no space is left",
    hint: "Free some space or enlarge the disk or quota, then run the command again: it continues where it stopped.",
  },
  JAM_STORE_PERMISSION: {
    says: "permission denied",
    hint: "Run as the user that owns the data directory, or give this user its rights there: `jam check`, run by the owner, names what others cannot read.",
  },
  JAM_STORE_CORRUPT: {
    says: "the path exists and has an unexpected type",
    hint: "Inspect the path, move it away, then run the command again.",
  },
  JAM_STORE_IO: {
    says: "the operating system reported an error",
    hint: "Check the disk and the system log, then run the command again.",
  },
};

/** Reasons for system errors that are more exact than the error code. */
const EXACT: Readonly<Record<string, { readonly says: string; readonly hint: string }>> = {
  EFBIG: {
    says: "the file would be larger than its file system or this user's limit allows",
    hint: "Raise the limit (`ulimit -f`, LimitFSIZE=), or name a data directory on another file system.",
  },
  EROFS: {
    says: "the disk is read-only",
    hint: "Mount it for writing, or name a data directory elsewhere.",
  },
};

/** A failed file operation as a `JamError`; one that is ours already passes unchanged. `doing` is as `write FILE`. */
export function toStoreError(error: unknown, doing: string): JamError {
  if (error instanceof JamError) return error;
  const system = systemCode(error);
  const code = CODES[system ?? ""] ?? "JAM_STORE_IO";
  const reason = EXACT[system ?? ""] ?? REASONS[code];
  return new JamError(code, `Cannot ${doing}: ${reason?.says} (${system ?? String(error)}).`, {
    cause: error,
    hint: reason?.hint ?? "",
    details: { operation: doing, system },
  });
}

/**
 * The result of `operation`, whose failure becomes a `JamError`.
 * @throws JamError JAM_STORE_NO_SPACE, JAM_STORE_PERMISSION, JAM_STORE_CORRUPT, JAM_STORE_IO
 */
export async function attempt<T>(doing: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toStoreError(error, doing);
  }
}

/** As `attempt`, but undefined when nothing is at the path. */
export async function attemptUnlessAbsent<T>(
  doing: string,
  operation: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await operation();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw toStoreError(error, doing);
  }
}

/**
 * What is at a path, without following a link; undefined when nothing is. Synchronous: one of thousands of calls in a row,
 * each a few microseconds.
 * @throws JamError JAM_STORE_…
 */
export function lstatOrNothing(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw toStoreError(error, `read ${path}`);
  }
}
