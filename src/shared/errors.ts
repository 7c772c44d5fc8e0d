import { cutLists, MAX_LISTED, type Omitting } from "./listed.ts";
import { printable } from "./printable.ts";

/** How a failure shows to the outside: process exit status and HTTP status. */
interface Outcome {
  readonly exit: number;
  readonly http: number;
}

/**
 * Every code a user can meet, with its exit status and HTTP status. Codes are never reused.
 *
 * Exit statuses: 1 a bug, 2 usage or configuration, 3 partial, 4 trust, 5 not held, 6 locked,
 * 7 refused offline, 8 no space, 9 upstream unreachable, 130 cancelled.
 * `docs/reference/errors.md` explains each code and a test holds the two lists equal.
 */
export const ERROR_OUTCOMES = {
  JAM_INTERNAL: { exit: 1, http: 500 },
  JAM_CANCELLED: { exit: 130, http: 503 },

  JAM_USAGE_INVALID: { exit: 2, http: 400 },
  JAM_CONFIG_NOT_FOUND: { exit: 2, http: 500 },
  JAM_CONFIG_INVALID: { exit: 2, http: 500 },
  JAM_CONFIG_EXISTS: { exit: 2, http: 500 },
  JAM_KEYRING_INVALID: { exit: 2, http: 500 },
  JAM_LISTEN_FAILED: { exit: 2, http: 500 },
  JAM_VERSION_INVALID: { exit: 2, http: 400 },
  JAM_FLEET_INVALID: { exit: 2, http: 400 },
  JAM_SELECT_EMPTY: { exit: 2, http: 500 },
  JAM_PLAN_INVALID: { exit: 2, http: 400 },
  JAM_PLAN_IMPOSSIBLE: { exit: 5, http: 404 },

  JAM_UPSTREAM_UNREACHABLE: { exit: 9, http: 502 },
  JAM_UPSTREAM_TIMEOUT: { exit: 9, http: 504 },
  JAM_UPSTREAM_TLS: { exit: 9, http: 502 },
  JAM_UPSTREAM_PROXY: { exit: 9, http: 502 },
  JAM_UPSTREAM_STATUS: { exit: 9, http: 502 },
  JAM_UPSTREAM_NOT_FOUND: { exit: 9, http: 502 },
  JAM_UPSTREAM_REDIRECT: { exit: 9, http: 502 },
  JAM_UPSTREAM_TRUNCATED: { exit: 9, http: 502 },
  JAM_UPSTREAM_INCONSISTENT: { exit: 9, http: 502 },
  JAM_UPSTREAM_NOT_SIMPLESTREAMS: { exit: 9, http: 502 },

  JAM_METADATA_MALFORMED: { exit: 4, http: 502 },
  JAM_METADATA_TOO_LARGE: { exit: 4, http: 502 },
  JAM_METADATA_UNSIGNED: { exit: 4, http: 502 },
  JAM_METADATA_SIGNATURE_INVALID: { exit: 4, http: 502 },
  JAM_METADATA_KEY_UNKNOWN: { exit: 4, http: 502 },
  JAM_METADATA_KEY_EXPIRED: { exit: 4, http: 502 },
  JAM_METADATA_ROLLBACK: { exit: 4, http: 502 },
  JAM_METADATA_FUTURE: { exit: 4, http: 502 },
  JAM_METADATA_MASS_REMOVAL: { exit: 4, http: 502 },
  JAM_METADATA_PATH_REUSED: { exit: 4, http: 502 },
  JAM_METADATA_CONFLICT: { exit: 4, http: 502 },

  JAM_ITEM_REFUSED: { exit: 4, http: 502 },
  JAM_ITEM_SIZE_MISMATCH: { exit: 4, http: 502 },
  JAM_ITEM_HASH_MISMATCH: { exit: 4, http: 502 },

  JAM_STORE_LOCKED: { exit: 6, http: 409 },
  JAM_STORE_NO_SPACE: { exit: 8, http: 507 },
  JAM_STORE_CORRUPT: { exit: 4, http: 503 },
  JAM_STORE_FORMAT: { exit: 2, http: 503 },
  JAM_STORE_COPIED: { exit: 2, http: 503 },
  JAM_STORE_PERMISSION: { exit: 2, http: 503 },
  JAM_STORE_IO: { exit: 1, http: 503 },

  JAM_MIRROR_EMPTY: { exit: 5, http: 404 },
  JAM_AGENT_NOT_FOUND: { exit: 5, http: 404 },
  JAM_UPGRADE_REFUSED: { exit: 5, http: 409 },
  JAM_UPGRADE_ADVISED_AGAINST: { exit: 5, http: 409 },
  JAM_SNAPSHOT_NOT_FOUND: { exit: 5, http: 404 },

  JAM_KEY_NOT_FOUND: { exit: 2, http: 500 },
  JAM_KEY_EXISTS: { exit: 2, http: 500 },
  JAM_KEY_EXPOSED: { exit: 2, http: 500 },
  JAM_SIGNATURE_MISSING: { exit: 4, http: 502 },
  JAM_SIGNATURE_INVALID: { exit: 4, http: 502 },
  JAM_SIGNER_UNKNOWN: { exit: 4, http: 502 },
  JAM_SIGNER_EXPIRED: { exit: 4, http: 502 },

  JAM_BUNDLE_MALFORMED: { exit: 4, http: 502 },
  JAM_BUNDLE_DAMAGED: { exit: 4, http: 502 },
  JAM_BUNDLE_FORMAT: { exit: 2, http: 502 },
  JAM_BUNDLE_UNPROVEN: { exit: 4, http: 502 },
  JAM_BUNDLE_OUTDATED: { exit: 4, http: 502 },
  JAM_BUNDLE_INCOMPLETE: { exit: 3, http: 409 },
  JAM_BUNDLE_EXISTS: { exit: 2, http: 409 },
  JAM_BUNDLE_NOT_FOUND: { exit: 5, http: 404 },
  JAM_MEDIUM_NO_SPACE: { exit: 8, http: 507 },
  JAM_MEDIUM_UNUSABLE: { exit: 2, http: 500 },
  JAM_INVENTORY_INVALID: { exit: 2, http: 400 },
  JAM_RECEIPT_INVALID: { exit: 2, http: 400 },
  JAM_SITE_NOT_FOUND: { exit: 5, http: 404 },

  JAM_OFFLINE: { exit: 7, http: 403 },

  JAM_NOT_FOUND: { exit: 5, http: 404 },
  JAM_FACE_INCOMPLETE: { exit: 5, http: 404 },
  JAM_REQUEST_TOO_LARGE: { exit: 2, http: 413 },
  JAM_SERVER_BUSY: { exit: 6, http: 503 },
  JAM_METHOD_NOT_ALLOWED: { exit: 2, http: 405 },
  JAM_RANGE_NOT_SATISFIABLE: { exit: 2, http: 416 },
} as const satisfies Record<string, Outcome>;

/** A stable name for one kind of failure. Code decides on it; nobody reads `message` in code. */
export type ErrorCode = keyof typeof ERROR_OUTCOMES;

/** Facts of one failure, as JSON values: what was expected, what came, where. */
export type ErrorDetails = Readonly<Record<string, unknown>> & Omitting;

export interface JamErrorOptions {
  /** More lines of the message, such as one for each of several problems. */
  readonly lines?: readonly string[];
  /** The next command or step to try, as a full sentence. */
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * The one error class: a stable code, a message for people, the facts and the next step.
 * What does not print in message and hint is escaped, so that a name from outside cannot start a line of its own or
 * steer a terminal; `details` keep values as they came.
 */
export class JamError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: JamErrorOptions = {}) {
    super(
      [message, ...(options.lines ?? []).slice(0, MAX_LISTED)].map(shown).join("\n"),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = "JamError";
    this.code = code;
    this.hint = options.hint === undefined ? undefined : shown(options.hint);
    this.details = options.details ?? {};
  }
}

/** Characters of one line of a message. */
const MAX_LINE = 8_000;

function shown(text: string): string {
  return printable(text, MAX_LINE);
}

/** True when `error` is ours and, where `codes` are given, carries one of them. */
export function isJamError(error: unknown, ...codes: readonly ErrorCode[]): error is JamError {
  return error instanceof JamError && (codes.length === 0 || codes.includes(error.code));
}

/** The error as a `JamError`: itself, `JAM_CANCELLED` for an abort, else `JAM_INTERNAL` with the cause kept. */
export function toJamError(error: unknown): JamError {
  if (error instanceof JamError) return error;
  if (error instanceof Error && error.name === "AbortError") {
    return new JamError("JAM_CANCELLED", "Cancelled.", { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new JamError("JAM_INTERNAL", message, {
    cause: error,
    hint: "This is a bug in jam. Run again with --log-level debug and report what it prints.",
  });
}

/** The shape in which an error leaves the program, in JSON output, API answers and reports. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details: ErrorDetails;
}

/**
 * The wire form of an error; the cause stays inside. Long lists and texts of its details are cut; `details.omitted`
 * says how many rows each list left out.
 */
export function reportError(error: JamError): ErrorReport {
  const { details } = error;
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: cutTexts(cutLists(details, Object.keys(details))) as ErrorDetails,
  };
}

const MAX_DETAIL_CHARACTERS = 2_000;

/** The value with texts of bounded length; what is nested deeper than any details of ours are is left as it is. */
function cutTexts(value: unknown, depth = 0): unknown {
  if (typeof value === "string") {
    return value.length > MAX_DETAIL_CHARACTERS
      ? `${value.slice(0, MAX_DETAIL_CHARACTERS).toWellFormed()}…`
      : value;
  }
  if (Array.isArray(value) && depth < 5) return value.map((one) => cutTexts(one, depth + 1));
  if (!isPlainObject(value) || depth >= 5) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cutTexts(one, depth + 1)]));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
