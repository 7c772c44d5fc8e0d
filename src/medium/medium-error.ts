import { isOfFamily, JamError, type ErrorCode, systemCode } from "../shared/errors.ts";

interface Reason {
  readonly code: ErrorCode;
  readonly says: string;
  readonly hint: string;
}

const REASONS: Readonly<Record<string, Reason>> = {
  ENOSPC: {
    code: "JAM_MEDIUM_NO_SPACE",
    says: "the medium is full",
    hint: "Use a larger medium, or several with --volume-size, then run again; complete volumes are kept.",
  },
  EDQUOT: {
    code: "JAM_MEDIUM_NO_SPACE",
    says: "the quota is used up",
    hint: "Raise the quota or write to another place, then run again.",
  },
  EFBIG: {
    code: "JAM_MEDIUM_NO_SPACE",
    says: "its file system does not support files of this size",
    hint: "Make volumes that fit: --volume-size fat32 stays below the 4 GiB of FAT32.",
  },
  ENOENT: {
    code: "JAM_MEDIUM_UNUSABLE",
    says: "no such file or folder",
    hint: "Check the path, and that the medium is mounted.",
  },
  EACCES: {
    code: "JAM_MEDIUM_UNUSABLE",
    says: "permission denied",
    hint: "Give this user access, or use another place.",
  },
  EROFS: {
    code: "JAM_MEDIUM_UNUSABLE",
    says: "the medium is read-only",
    hint: "Unlock the medium, or use another place.",
  },
};

const OTHER: Reason = {
  code: "JAM_MEDIUM_UNUSABLE",
  says: "the operating system reported an error",
  hint: "Check the medium and the system log, then run again; complete volumes are kept.",
};

/** The result of `operation` on a medium; a failure of the system becomes JAM_MEDIUM_NO_SPACE or JAM_MEDIUM_UNUSABLE. */
export async function attemptOnMedium<T>(doing: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toMediumError(error, doing);
  }
}

/** A failed file operation as a `JamError`; other errors are returned unchanged. */
export function toMediumError(error: unknown, doing: string): unknown {
  const failure = isOfFamily(error, "store") ? error.cause : error;
  const system = systemCode(failure);
  if (failure instanceof JamError || system === undefined || !/^E[A-Z0-9]+$/.test(system)) return error;
  const { code, says, hint } = REASONS[system === "EPERM" ? "EACCES" : system] ?? OTHER;
  return new JamError(code, `Cannot ${doing}: ${says} (${system}).`, {
    cause: failure,
    hint,
    details: { operation: doing, system },
  });
}
