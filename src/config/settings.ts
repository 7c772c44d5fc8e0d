/**
 * The settings that hold a single value, each declared once. Validation, documentation, variables, flags, defaults and
 * the file that `jam init` writes are derived from here. Lists of mappings (`upstreams`, `select`, …) are in `schema.ts`.
 */

/** What every declaration has. `description` is Markdown; its first sentence is also the help of the flag. */
interface Declared<Kind extends string, Value> {
  readonly kind: Kind;
  readonly description: string;
  /** As written in a file. Absent for settings that are off, or without a limit, by default. */
  readonly default?: Value;
  /** A value to show where there is no default. */
  readonly example?: Value;
  /** As declared for the command line: `--jobs <n>`. Absent for settings without a flag. */
  readonly flag?: string;
}

/** One declaration. A kind is a form of value; `values.ts` reads each. */
export type Setting =
  | (Declared<"count", number> & { readonly range: readonly [smallest: number, largest: number] })
  | (Declared<"choice", string> & { readonly choices: readonly string[] })
  | (Declared<"duration", string> & { readonly smallest?: string })
  | Declared<"workers", string | number>
  | Declared<"size" | "share" | "folder" | "file" | "name" | "listen", string>;

/** By path in the file, in the order of the documentation. The variable of `fetch.jobs` is JAM_FETCH_JOBS. */
export const SETTINGS = {
  mode: {
    kind: "choice",
    choices: ["online", "cache", "offline"],
    default: "online",
    description:
      "`online` fetches what `select` takes when a sync runs. `cache` lists what `select` takes and fetches a tarball when it is " +
      "requested for the first time. `offline` makes no outbound requests; a request that would be needed is refused and named.",
  },
  data: {
    kind: "folder",
    default: "./mirror-data",
    flag: "--data <dir>",
    description: "The data directory of the mirror.",
  },
  keys: {
    kind: "folder",
    default: "./jam-keys",
    description:
      "Folder with the keys that sign and verify bundles and receipts (`jam key`). Must not be inside `data`, " +
      "which a web server may publish.",
  },
  site: {
    kind: "name",
    example: "plant-7",
    description:
      "Name of this site in receipts: up to 63 characters of a-z, 0-9, dots, dashes and underscores.",
  },
  keepRunning: {
    kind: "file",
    example: "./fleet",
    description:
      "Folder or file with the output of Juju about your controllers and models (as for `jam plan --fleet`), or a plan. " +
      "What they run is fetched and never removed, except by `deny`.",
  },
  onUpstreamRemoval: {
    kind: "choice",
    choices: ["keep", "unlist", "remove"],
    default: "remove",
    description:
      "What happens to agents that upstream no longer lists, as far as `select` and `deny` still take them. `keep` lists them " +
      "and keeps their tarballs. `unlist` keeps their tarballs and does not list them. `remove` does not list them, and " +
      "`retention` deletes their tarballs.",
  },
  "server.listen": {
    kind: "listen",
    default: "127.0.0.1:8080",
    flag: "--listen <host:port>",
    description: "HOST:PORT to listen on; port 0 picks a free port.",
  },
  "server.connections": {
    kind: "count",
    range: [1, 1_000_000],
    default: 10_000,
    description:
      "Connections at the same time; a further one is answered with 503. Each needs an open file (`ulimit -n`, " +
      "`LimitNOFILE=`), and each tarball that is downloaded one more: `jam serve` says so when fewer fit.",
  },
  "server.workers": {
    kind: "workers",
    default: 1,
    flag: "--workers <n>",
    description:
      "Threads that answer requests, 1 to 16, or `auto`: as many as there are processors, at most 4. More than one helps " +
      "when the processor limits the server, and each needs 30 to 100 MB more. In `mode: cache` there is always one.",
  },
  "fetch.jobs": {
    kind: "count",
    range: [1, 64],
    default: 8,
    flag: "--jobs <n>",
    description: "Number of parallel downloads.",
  },
  "fetch.limitRate": {
    kind: "size",
    example: "20MiB",
    flag: "--limit-rate <rate>",
    description: "Bytes per second, for all connections together. Default: no limit.",
  },
  "fetch.idleTimeout": {
    kind: "duration",
    default: "PT30S",
    flag: "--idle-timeout <duration>",
    description: "A connection on which nothing arrives for this long is closed.",
  },
  "fetch.retries": {
    kind: "count",
    range: [0, 100],
    default: 4,
    flag: "--retries <n>",
    description:
      "Attempts after the first, per document and per tarball. Each wait is reported; `Retry-After` is honoured up to 5 minutes.",
  },
  "fetch.caFile": {
    kind: "file",
    example: "company-ca.pem",
    flag: "--ca-file <file>",
    description: "PEM file with additional certificate authorities.",
  },
  "cache.quota": {
    kind: "size",
    example: "40GiB",
    description:
      "With `mode: cache`: maximum size of the tarballs that were fetched because they were requested. Above it the ones that were " +
      "not used for the longest time are deleted. What a snapshot, a plan or a pin needs does not count, nor what came from an upstream with a quota of its own. Default: no limit.",
  },
  "cache.refresh": {
    kind: "duration",
    smallest: "PT1S",
    default: "PT5M",
    description:
      "With `mode: cache`: how often `jam serve` reads upstream's metadata again. Each upstream may have another value.",
  },
  "cache.stale": {
    kind: "duration",
    default: "PT0S",
    description:
      "With `mode: cache`: how long the index still lists what is not held after `jam serve` found that upstream cannot be reached. " +
      "After that it lists only what is held, until upstream is back. Shorter than `cache.refresh` it hides everything after one " +
      "refresh that fails; `PT0S` does that at once.",
  },
  "retention.snapshots": {
    kind: "count",
    range: [1, 100_000],
    default: 20,
    description:
      "Number of earlier snapshots to keep for going back, in addition to the one that is shown: of the mirror, and of each channel.",
  },
  "retention.age": {
    kind: "duration",
    example: "P180D",
    description:
      "How old an earlier snapshot may become. What the mirror or a channel shows, and pinned snapshots, stay. Default: no limit.",
  },
  "retention.grace": {
    kind: "duration",
    default: "PT6H",
    description:
      "How long a tarball is kept after it was removed from the index; a client may use its URL for minutes to hours.",
  },
  "retention.quota": {
    kind: "size",
    example: "80GiB",
    description:
      "Maximum size of all tarballs. Above it the oldest snapshots are deleted first; a sync that needs more is refused. Default: no limit.",
  },
  "retention.maxRemoval": {
    kind: "share",
    default: "40%",
    description:
      "Largest share of the mirrored agents that may be removed at once, because they disappeared upstream or because `select`, `deny` or `keep` were edited. A sync that would remove more is refused. Versions that a new patch of the same minor replaces, or that `deny` names exactly, do not count.",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingKey = keyof typeof SETTINGS;

/** The declarations without their literal types, in order. */
export const SETTING_LIST: readonly (readonly [key: SettingKey, setting: Setting])[] = Object.entries(
  SETTINGS,
) as [SettingKey, Setting][];

/** `[fetch, limitRate]` */
export function settingPath(key: SettingKey): readonly [string] | readonly [string, string] {
  const [first = "", second] = key.split(".");
  return second === undefined ? [first] : [first, second];
}

/** `fetch.limitRate` is JAM_FETCH_LIMIT_RATE. */
export function settingVariable(key: SettingKey): string {
  return `JAM_${key.replaceAll(/[A-Z]/g, "_$&").replaceAll(".", "_").toUpperCase()}`;
}

/** `--limit-rate`; undefined for a setting without a flag. */
export function settingFlag(key: SettingKey): string | undefined {
  const setting: Setting = SETTINGS[key];
  return setting.flag?.split(" ")[0];
}

/** The upstream that is used when the file names none. */
export const DEFAULT_UPSTREAM = {
  name: "canonical",
  url: "https://streams.canonical.com/juju/tools/",
  keyring: "builtin",
} as const;

/** Selects a few hundred MB, not the tens of GB that upstream has in all. */
export const DEFAULT_RULE = {
  stream: "released",
  versions: ">=2.9.49 <3 || >=3.6",
  arch: ["amd64", "arm64"],
  os: ["ubuntu"],
  keep: 2,
};

/** What applies without flags, variables and file, written as a file. */
export const DEFAULTS: Readonly<Record<string, unknown>> = {
  ...nested(SETTING_LIST.flatMap(([key, { default: value }]) => (value === undefined ? [] : [[key, value]]))),
  upstreams: [DEFAULT_UPSTREAM],
  select: [DEFAULT_RULE],
  deny: [],
};

function nested(values: readonly (readonly [SettingKey, string | number])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const [first, second] = settingPath(key);
    if (second === undefined) root[first] = value;
    else root[first] = { ...(root[first] as object | undefined), [second]: value };
  }
  return root;
}
