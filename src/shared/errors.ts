import { defined } from "./collections.ts";
import { MAX_LISTED, type Omitting, cutLists } from "./listed.ts";
import { printable } from "./printable.ts";

/** What a failure is about. Code that treats several codes alike decides on this. */
export type ErrorFamily =
  /** A bug. */
  | "internal"
  | "cancelled"
  /** Flags, arguments and questions. */
  | "usage"
  /** Settings, and what they name. */
  | "config"
  /** Files handed in: listings of a fleet, plans, inventories, receipts. */
  | "input"
  /** Juju or the operator's advice is against an upgrade, or no path leads there. */
  | "upgrade"
  /** The upstream could not be reached or used. */
  | "upstream"
  /** A metadata document cannot be trusted. */
  | "metadata"
  /** A single agent or its bytes cannot be trusted. */
  | "item"
  /** The data directory. */
  | "store"
  /** The requested agent, snapshot or site is not in this mirror. */
  | "mirror"
  /** The keys of this side. */
  | "key"
  /** Signatures of bundles and receipts. */
  | "trust"
  | "bundle"
  /** The folder, stick or stream that a bundle is on. */
  | "medium"
  /** The program itself: its files, its archives. */
  | "program"
  /** Refused in offline mode. */
  | "offline"
  /** A request to the server. */
  | "request";

/** How a failure is treated: its family, and how it shows to the outside as process exit status and HTTP status. */
interface Outcome {
  readonly family: ErrorFamily;
  readonly exit: number;
  readonly http: number;
}

/**
 * Every code a user can meet, with its family, exit status and HTTP status. Codes are never reused.
 *
 * Exit statuses: 1 a bug, 2 usage or configuration, 3 partial, 4 trust, 5 not held, 6 locked,
 * 7 refused offline, 8 no space, 9 upstream not usable, 130 cancelled.
 * `docs/reference/errors.md` explains each code and a test holds the two lists equal.
 */
export const ERROR_OUTCOMES = {
  JAM_INTERNAL: { family: "internal", exit: 1, http: 500 },

  JAM_CANCELLED: { family: "cancelled", exit: 130, http: 503 },

  JAM_USAGE_INVALID: { family: "usage", exit: 2, http: 400 },
  JAM_VERSION_INVALID: { family: "usage", exit: 2, http: 400 },

  JAM_CONFIG_NOT_FOUND: { family: "config", exit: 2, http: 500 },
  JAM_CONFIG_INVALID: { family: "config", exit: 2, http: 500 },
  JAM_CONFIG_EXISTS: { family: "config", exit: 2, http: 500 },
  JAM_KEYRING_INVALID: { family: "config", exit: 2, http: 500 },
  JAM_LISTEN_FAILED: { family: "config", exit: 2, http: 500 },
  JAM_CHANNEL_INVALID: { family: "config", exit: 2, http: 500 },
  JAM_CHANNEL_EXISTS: { family: "config", exit: 2, http: 409 },
  JAM_CHANNEL_IN_USE: { family: "config", exit: 2, http: 409 },
  JAM_SELECT_EMPTY: { family: "config", exit: 2, http: 500 },

  JAM_FLEET_INVALID: { family: "input", exit: 2, http: 400 },
  JAM_LOG_FOREIGN: { family: "input", exit: 2, http: 400 },
  JAM_PLAN_INVALID: { family: "input", exit: 2, http: 400 },
  JAM_INVENTORY_INVALID: { family: "input", exit: 2, http: 400 },
  JAM_RECEIPT_INVALID: { family: "input", exit: 2, http: 400 },

  JAM_PLAN_IMPOSSIBLE: { family: "upgrade", exit: 5, http: 404 },
  JAM_UPGRADE_REFUSED: { family: "upgrade", exit: 5, http: 409 },
  JAM_UPGRADE_ADVISED_AGAINST: { family: "upgrade", exit: 5, http: 409 },

  JAM_UPSTREAM_UNREACHABLE: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_TIMEOUT: { family: "upstream", exit: 9, http: 504 },
  JAM_UPSTREAM_TLS: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_PROXY: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_STATUS: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_NOT_FOUND: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_REDIRECT: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_TRUNCATED: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_INCONSISTENT: { family: "upstream", exit: 9, http: 502 },
  JAM_UPSTREAM_AWAY: { family: "upstream", exit: 9, http: 503 },
  JAM_UPSTREAM_NOT_SIMPLESTREAMS: { family: "upstream", exit: 9, http: 502 },

  JAM_METADATA_MALFORMED: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_TOO_LARGE: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_UNSIGNED: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_SIGNATURE_INVALID: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_KEY_UNKNOWN: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_KEY_EXPIRED: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_ROLLBACK: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_FUTURE: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_MASS_REMOVAL: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_PATH_REUSED: { family: "metadata", exit: 4, http: 502 },
  JAM_METADATA_CONFLICT: { family: "metadata", exit: 4, http: 502 },

  JAM_ITEM_REFUSED: { family: "item", exit: 4, http: 502 },
  JAM_ITEM_SIZE_MISMATCH: { family: "item", exit: 4, http: 502 },
  JAM_ITEM_HASH_MISMATCH: { family: "item", exit: 4, http: 502 },
  JAM_ITEM_UNAVAILABLE: { family: "item", exit: 9, http: 503 },

  JAM_STORE_LOCKED: { family: "store", exit: 6, http: 409 },
  JAM_STORE_NO_SPACE: { family: "store", exit: 8, http: 507 },
  JAM_STORE_CORRUPT: { family: "store", exit: 4, http: 503 },
  JAM_STORE_FORMAT: { family: "store", exit: 2, http: 503 },
  JAM_STORE_COPIED: { family: "store", exit: 2, http: 503 },
  JAM_STORE_PERMISSION: { family: "store", exit: 2, http: 503 },
  JAM_STORE_IO: { family: "store", exit: 1, http: 503 },

  JAM_MIRROR_EMPTY: { family: "mirror", exit: 5, http: 404 },
  JAM_AGENT_NOT_FOUND: { family: "mirror", exit: 5, http: 404 },
  JAM_SNAPSHOT_IN_USE: { family: "mirror", exit: 2, http: 409 },
  JAM_PRUNE_TOO_MUCH: { family: "mirror", exit: 2, http: 409 },
  JAM_SNAPSHOT_NOT_FOUND: { family: "mirror", exit: 5, http: 404 },
  JAM_CHANNEL_NOT_FOUND: { family: "mirror", exit: 5, http: 404 },
  JAM_CHANNEL_EMPTY: { family: "mirror", exit: 5, http: 404 },
  JAM_SITE_NOT_FOUND: { family: "mirror", exit: 5, http: 404 },

  JAM_KEY_NOT_FOUND: { family: "key", exit: 2, http: 500 },
  JAM_KEY_EXISTS: { family: "key", exit: 2, http: 500 },
  JAM_KEY_EXPOSED: { family: "key", exit: 2, http: 500 },

  JAM_SIGNATURE_MISSING: { family: "trust", exit: 4, http: 502 },
  JAM_SIGNATURE_INVALID: { family: "trust", exit: 4, http: 502 },
  JAM_SIGNER_UNKNOWN: { family: "trust", exit: 4, http: 502 },
  JAM_SIGNER_EXPIRED: { family: "trust", exit: 4, http: 502 },

  JAM_BUNDLE_MALFORMED: { family: "bundle", exit: 4, http: 502 },
  JAM_BUNDLE_DAMAGED: { family: "bundle", exit: 4, http: 502 },
  JAM_BUNDLE_FORMAT: { family: "bundle", exit: 2, http: 502 },
  JAM_BUNDLE_UNPROVEN: { family: "bundle", exit: 4, http: 502 },
  JAM_BUNDLE_OUTDATED: { family: "bundle", exit: 4, http: 502 },
  JAM_BUNDLE_HISTORY_INVALID: { family: "bundle", exit: 4, http: 502 },
  JAM_BUNDLE_INCOMPLETE: { family: "bundle", exit: 3, http: 409 },
  JAM_BUNDLE_EXISTS: { family: "bundle", exit: 2, http: 409 },
  JAM_BUNDLE_NOT_FOUND: { family: "bundle", exit: 5, http: 404 },

  JAM_MEDIUM_NO_SPACE: { family: "medium", exit: 8, http: 507 },
  JAM_MEDIUM_UNUSABLE: { family: "medium", exit: 2, http: 500 },

  JAM_PROGRAM_NOT_PACKAGED: { family: "program", exit: 2, http: 500 },
  JAM_PROGRAM_NOT_FOUND: { family: "program", exit: 5, http: 404 },
  JAM_PROGRAM_DAMAGED: { family: "program", exit: 4, http: 500 },
  JAM_PROGRAM_EXISTS: { family: "program", exit: 2, http: 409 },

  JAM_OFFLINE: { family: "offline", exit: 7, http: 403 },

  JAM_NOT_FOUND: { family: "request", exit: 5, http: 404 },
  JAM_FACE_INCOMPLETE: { family: "request", exit: 5, http: 404 },
  JAM_REQUEST_TOO_LARGE: { family: "request", exit: 2, http: 413 },
  JAM_SERVER_BUSY: { family: "request", exit: 6, http: 503 },
  JAM_METHOD_NOT_ALLOWED: { family: "request", exit: 2, http: 405 },
  JAM_RANGE_NOT_SATISFIABLE: { family: "request", exit: 2, http: 416 },
} as const satisfies Record<string, Outcome>;

/** A stable name for one kind of failure. Code checks it, never the `message`. */
export type ErrorCode = keyof typeof ERROR_OUTCOMES;

/** Facts of one failure, as JSON values: what was expected, what was received, where. */
export type ErrorDetails = Readonly<Record<string, unknown>> & Omitting;

export interface JamErrorOptions {
  /** More lines of the message, such as one for each of several problems. */
  readonly lines?: readonly string[];
  /** The next command or step to try, as a full sentence. */
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** What `JamError.with` changes. */
export interface JamErrorChanges {
  readonly code?: ErrorCode;
  /** Text in front of the message. */
  readonly prefix?: string;
  /** Another message. */
  readonly message?: string;
  readonly hint?: string | undefined;
  /** Added to the details. */
  readonly details?: ErrorDetails;
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

  get family(): ErrorFamily {
    return ERROR_OUTCOMES[this.code].family;
  }

  /** This failure as another layer reports it: all that is not named stays, and this error is the cause. */
  with({ code = this.code, prefix = "", message, hint = this.hint, details }: JamErrorChanges): JamError {
    const [first = "", ...lines] = message === undefined ? this.message.split("\n") : [message];
    return new JamError(code, prefix + first, {
      lines,
      cause: this,
      ...defined({ hint }),
      details: { ...this.details, ...details },
    });
  }

  /** The error that was reported by another thread. */
  static fromReport({ code, message, hint, details }: ErrorReport): JamError {
    const [first = "", ...lines] = message.split("\n");
    return new JamError(code, first, { lines, details, ...defined({ hint }) });
  }
}

/** An upstream or a proxy answered with an HTTP status that is of no use. */
export class HttpStatusError extends JamError {
  readonly status: number;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    answer: { readonly status: number; readonly retryAfterMs?: number | undefined },
    options: JamErrorOptions = {},
  ) {
    const { status, retryAfterMs } = answer;
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    super(code, message, { ...options, details: { ...options.details, status, ...wait } });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
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

/** True when `error` is ours and its code belongs to one of `families`. */
export function isOfFamily(error: unknown, ...families: readonly ErrorFamily[]): error is JamError {
  return error instanceof JamError && families.includes(error.family);
}

/** `JAM_CANCELLED` for a command that resumes when it is repeated; `kept` says what stays: `finished volumes are kept`. */
export function cancelled(kept: string): JamError {
  return new JamError("JAM_CANCELLED", `Cancelled; ${kept}.`, {
    hint: "Run the same command again: it resumes where it stopped.",
  });
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
    ...defined({ hint: error.hint }),
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

/** The system's name of a failure, such as `ENOENT`; undefined when `error` is not a system error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** True when the system reported that nothing exists at a path. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** No hard link is possible: another file system, too many links, or links are not supported or not permitted. */
const LINK_REFUSED: ReadonlySet<string> = new Set(["EXDEV", "EMLINK", "EPERM", "ENOTSUP", "ENOSYS"]);

/** True when a hard link was refused where a copy or a rename can take its place. */
export function isLinkRefused(error: unknown): boolean {
  return LINK_REFUSED.has(systemCode(error) ?? "");
}
