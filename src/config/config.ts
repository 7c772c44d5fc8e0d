import { isAbsolute, resolve } from "node:path";
import type { Advice } from "../juju/knowledge/knowledge.ts";
import type { DenyRule, SelectionRules, SelectRule } from "../juju/select-rule.ts";
import { defined } from "../shared/collections.ts";
import { parseDurationMs } from "../shared/duration.ts";
import type { RefName } from "../shared/ref-name.ts";
import { hasScheme } from "../shared/url-text.ts";
import type { ConfigFile } from "./schema.ts";
import {
  DEFAULT_RULE,
  DEFAULT_UPSTREAM,
  type Setting,
  SETTINGS,
  type SettingKey,
  settingPath,
} from "./settings.ts";
import { type ListenAddress, readValue, type SettingValue, type WrittenValue } from "./values.ts";

/** One `upstreams:` entry. */
export interface UpstreamConfig {
  readonly name: string;
  /** http(s) URL or a folder. */
  readonly url: string;
  /** `builtin` is the Juju key; otherwise a file with OpenPGP public keys; `none` disables verification. */
  readonly keyring: string;
}

/** Where a mirror is kept; `compose/store.ts` has the driver of each kind. */
export interface StoreConfig {
  /** A channel that is read in the place of the mirror; never set for what writes. Default: the mirror. */
  readonly ref?: RefName;
  readonly kind: "fs";
  /** The data directory; an absolute path. */
  readonly path: string;
}

/** Whether tarballs are fetched by syncs, when they are requested, or never. */
export type Mode = "online" | "cache" | "offline";

/** The settings of one run, complete: flags over environment over file over defaults. */
export interface Config {
  /** The settings file; undefined when there is none. */
  readonly file: string | undefined;
  readonly mode: Mode;
  readonly store: StoreConfig;
  /** The data directory, which is the store's folder; an absolute path. */
  readonly data: string;
  /** Folder of the keys that sign and verify what is carried over an air gap; an absolute path. */
  readonly keys: string;
  /** Name of this side in receipts. */
  readonly site: string | undefined;
  readonly upstreams: readonly UpstreamConfig[];
  readonly rules: SelectionRules;
  /** Folder or file that shows what the fleet runs; an absolute path. */
  readonly keepRunning: string | undefined;
  /** What happens to what upstream no longer lists. */
  readonly onUpstreamRemoval: "keep" | "unlist" | "remove";
  readonly fetch: FetchConfig;
  readonly retention: RetentionConfig;
  readonly cache: CacheConfig;
  readonly channels: readonly ChannelConfig[];
  /** Where `jam serve` listens, and the path of the face that addresses are about. */
  readonly server: ListenAddress & { readonly face?: string };
  readonly maxConnections: number;
  /** Threads that answer requests. */
  readonly workers: number | "auto";
  /** The operator's own, in addition to what jam knows. */
  readonly advice: readonly Advice[];
}

/** One `channels:` entry. */
export interface ChannelConfig {
  readonly name: string;
  /** `mirror`, or another channel. */
  readonly from: string;
  /** Undefined takes all of the feeder's agents. */
  readonly select?: readonly SelectRule[] | undefined;
  /** How old an agent must be before it is promoted, in ms. */
  readonly delayMs: number;
  readonly clock: "seen" | "upstream";
  readonly promote: "manual" | "auto";
  /** Limits of its own for what can be gone back to; absent limits are those of `retention`. */
  readonly retention?: ChannelRetention | undefined;
}

/** How much is kept of a channel for going back. */
export interface ChannelRetention {
  readonly snapshots?: number | undefined;
  readonly ageMs?: number | undefined;
  /** Bytes of the tarballs that the channel shows and can go back to. */
  readonly quota?: number | undefined;
}

export interface FetchConfig {
  /** Tarballs fetched at the same time. */
  readonly jobs: number;
  /** Bytes per second over all connections; undefined is unlimited. */
  readonly limitRate: number | undefined;
  /** Longest silence on a connection, in ms. */
  readonly idleTimeoutMs: number;
  /** Attempts after the first, per document and per tarball. */
  readonly retries: number;
  /** PEM file with additional certificate authorities; undefined is the system's list only. */
  readonly caFile: string | undefined;
}

export interface RetentionConfig {
  /** Snapshots kept for going back, in addition to those that a ref names. */
  readonly snapshots: number;
  /** How old an earlier snapshot may become, in ms; undefined is no limit. Absent where it does not matter. */
  readonly ageMs?: number | undefined;
  /** How long what a client may still be fetching stays after it left the index, in ms. */
  readonly graceMs: number;
  /** Bytes of all tarballs above which the oldest snapshots are deleted; undefined is no limit. */
  readonly quota: number | undefined;
  /** Largest share of the mirrored agents that may be removed at once, 0 … 1. */
  readonly maxRemoval: number;
  /** Limits of channels, by name. */
  readonly channels?: Readonly<Record<string, ChannelRetention>>;
  /** Whether what a cache server fetched for clients stays. Absent where it does. */
  readonly keepsCached?: boolean;
}

/** What counts only with `mode: cache`. */
export interface CacheConfig {
  /** Bytes of the tarballs that were fetched on request, without those of upstreams with a quota of their own; undefined: unlimited. */
  readonly quota: number | undefined;
  /** Time between two readings of upstream's metadata, in ms. */
  readonly refreshMs: number;
  /** How long what is not held stays listed after upstream was found out of reach, in ms. */
  readonly staleMs: number;
  /** What applies to each upstream, in order of preference. */
  readonly upstreams: readonly UpstreamCacheConfig[];
}

/** What applies to one upstream: its own settings, else those of the whole cache. */
export interface UpstreamCacheConfig {
  readonly name: string;
  /** Bytes of the tarballs that came from it; undefined where they count for the quota of the whole cache. */
  readonly quota: number | undefined;
  readonly refreshMs: number;
  readonly staleMs: number;
}

/** The settings of a run: `settings`, which have been checked, over the defaults. Relative paths are below `folder`. */
export function resolveConfig(settings: ConfigFile, file: string | undefined, folder: string): Config {
  const value = <Key extends SettingKey>(key: Key) => valueOf(settings, key, folder);
  const data = settings.store === undefined ? value("data") : resolve(folder, settings.store.path);
  const channels = Object.entries(settings.channels ?? {}).map(resolveChannel);
  return {
    file,
    mode: value("mode"),
    store: { kind: "fs", path: data },
    data,
    keys: value("keys"),
    site: value("site"),
    upstreams: (settings.upstreams ?? [DEFAULT_UPSTREAM]).map((upstream) =>
      resolveUpstream(upstream, folder),
    ),
    rules: {
      select: (settings.select ?? [DEFAULT_RULE]).map((rule) => resolveSelect(rule)),
      deny: (settings.deny ?? []).map((rule) => resolveDeny(rule)),
    },
    keepRunning: value("keepRunning"),
    onUpstreamRemoval: value("onUpstreamRemoval"),
    fetch: {
      jobs: value("fetch.jobs"),
      limitRate: value("fetch.limitRate"),
      idleTimeoutMs: value("fetch.idleTimeout"),
      retries: value("fetch.retries"),
      caFile: value("fetch.caFile"),
    },
    retention: {
      snapshots: value("retention.snapshots"),
      ageMs: value("retention.age"),
      graceMs: value("retention.grace"),
      quota: value("retention.quota"),
      maxRemoval: value("retention.maxRemoval"),
      ...channelLimits(channels),
      // Offline, what is deleted could not be fetched again.
      keepsCached: value("mode") !== "online",
    },
    cache: resolveCache(settings, {
      quota: value("cache.quota"),
      refreshMs: value("cache.refresh"),
      staleMs: value("cache.stale"),
    }),
    channels,
    server: value("server.listen"),
    maxConnections: value("server.connections"),
    workers: value("server.workers"),
    advice: (settings.advice ?? []).map((one) => resolveAdvice(one)),
  };
}

/** The value of one setting, or its default. */
function valueOf<Key extends SettingKey>(settings: ConfigFile, key: Key, folder: string): SettingValue<Key> {
  const setting: Setting = SETTINGS[key];
  const written = settingPath(key).reduce<unknown>(
    (inner, name) => (inner as Record<string, unknown> | undefined)?.[name],
    settings,
  );
  const given = (written ?? setting.default) as WrittenValue | undefined;
  return given === undefined ? (undefined as SettingValue<Key>) : resolveValue(key, given, folder);
}

function resolveValue<Key extends SettingKey>(
  key: Key,
  given: WrittenValue,
  folder: string,
): SettingValue<Key> {
  const value = readValue(SETTINGS[key], given, folder);
  if (value === undefined) throw new Error(`${key} was used before it was checked`);
  return value as SettingValue<Key>;
}

/** A keyring as the code uses it: `builtin` and `none` stay, a file becomes an absolute path. */
export function resolveKeyring(keyring: string, folder: string): string {
  return keyring === "builtin" || keyring === "none" ? keyring : resolve(folder, keyring);
}

/** An upstream's address as the code uses it: a URL stays, a folder becomes an absolute path. */
export function resolveUpstreamUrl(url: string, folder: string): string {
  return hasScheme(url) || isAbsolute(url) ? url : resolve(folder, url);
}

type FileUpstream = NonNullable<ConfigFile["upstreams"]>[number];
type FileSelect = NonNullable<ConfigFile["select"]>[number];
type FileAdvice = NonNullable<ConfigFile["advice"]>[number];
type FileChannel = NonNullable<ConfigFile["channels"]>[string];
type FileDeny = NonNullable<ConfigFile["deny"]>[number];

function resolveUpstream(upstream: FileUpstream, folder: string): UpstreamConfig {
  return {
    name: upstream.name,
    url: resolveUpstreamUrl(upstream.url, folder),
    keyring: resolveKeyring(upstream.keyring ?? "builtin", folder),
  };
}

function resolveCache(
  { upstreams = [DEFAULT_UPSTREAM] }: ConfigFile,
  whole: Omit<CacheConfig, "upstreams">,
): CacheConfig {
  return {
    ...whole,
    upstreams: upstreams.map(({ name, cache: { quota, refresh, stale } = {} }: FileUpstream) => ({
      name,
      quota: quota === undefined ? undefined : resolveValue("cache.quota", quota, "/"),
      refreshMs: refresh === undefined ? whole.refreshMs : resolveValue("cache.refresh", refresh, "/"),
      staleMs: stale === undefined ? whole.staleMs : resolveValue("cache.stale", stale, "/"),
    })),
  };
}

function resolveChannel([name, channel]: [string, FileChannel]): ChannelConfig {
  const { from, select, delay = "PT0S", clock = "seen", promote = "manual" } = channel;
  const rules = select?.map((rule) => resolveSelect(rule));
  const retention = channel.retention && resolveRetention(channel.retention);
  const optional = defined({ select: rules, retention });
  return { name, from, delayMs: parseDurationMs(delay) ?? 0, clock, promote, ...optional };
}

function resolveRetention({
  snapshots,
  age,
  quota,
}: NonNullable<FileChannel["retention"]>): ChannelRetention {
  return defined({
    snapshots,
    ageMs: age === undefined ? undefined : resolveValue("retention.age", age, "/"),
    quota: quota === undefined ? undefined : resolveValue("retention.quota", quota, "/"),
  });
}

function channelLimits(channels: readonly ChannelConfig[]): Pick<RetentionConfig, "channels"> {
  const limits = channels.flatMap(({ name, retention }) => (retention ? [[name, retention] as const] : []));
  return limits.length === 0 ? {} : { channels: Object.fromEntries(limits) };
}

function resolveSelect(written: FileSelect): SelectRule {
  const { stream, arch, os, series, versions, keep, prereleases, fetch } = written;
  return {
    streams: list(stream),
    ...defined({ versions, arch: list(arch), os: list(os), series: list(series) }),
    ...defined({ keep, prereleases, fetch }),
  };
}

function resolveDeny({ version, arch, reason }: FileDeny): DenyRule {
  return { version, ...defined({ arch: list(arch), reason }) };
}

function resolveAdvice({ from, to, severity, reason, link }: FileAdvice): Advice {
  return { from: from ?? "*", to, severity, reason, ...defined({ link }) };
}

function list(value: string | readonly string[]): readonly string[];
function list(value: string | readonly string[] | undefined): readonly string[] | undefined;
function list(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === "string" ? [value] : value;
}
