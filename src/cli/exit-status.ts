/** What the exit statuses of jam mean; `ERROR_OUTCOMES` gives each error one of them. `jam help exit-codes` prints the list. */
export const EXIT_STATUSES = [
  [0, "done, and the mirror is consistent"],
  [1, "unexpected: a bug in jam"],
  [2, "usage or configuration"],
  [3, "partial: what is missing is listed"],
  [4, "trust: a signature, a checksum or the freshness of metadata"],
  [5, "not in the mirror, not found, no such version, or (which) refused by Juju"],
  [6, "locked by another run"],
  [7, "refused in offline mode"],
  [8, "no space"],
  [9, "upstream: it cannot be reached, or what it answers cannot be used"],
  [10, "changes pending (only with --detailed-exitcode)"],
  [11, "stale: no recent good run (only status with --max-age)"],
  [130, "cancelled"],
] as const satisfies readonly (readonly [status: number, meaning: string])[];

/** Statuses that a command exits with after it has printed its result. */
export const EXIT = {
  ok: 0,
  /** `jam check` found something that prevents a sync and has no status of its own. */
  failedCheck: 2,
  /** A part is missing, and the result lists it. */
  partial: 3,
  /** A signature, a checksum or the freshness of metadata is wrong. */
  untrusted: 4,
  /** The mirror does not hold what was requested. */
  notHeld: 5,
  /** Something changed or would change; only with --detailed-exitcode. */
  changes: 10,
  /** The last good run is too old, or the last run failed; only with --max-age. */
  stale: 11,
} as const satisfies Readonly<Record<string, (typeof EXIT_STATUSES)[number][0]>>;
