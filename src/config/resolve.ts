import { isAbsolute, resolve } from "node:path";
import { parseByteSize } from "../shared/byte-size.ts";
import { parseDurationMs } from "../shared/duration.ts";
import type { Advice } from "../juju/knowledge/knowledge.ts";
import type { DenyRule, SelectRule } from "../juju/selection-rules.ts";
import type { Config, FetchConfig, RetentionConfig, ServerConfig, UpstreamConfig } from "./config.ts";
import { DEFAULTS } from "./defaults.ts";
import { findListen } from "./listen.ts";
import { parsePercent } from "./percent.ts";
import type { ConfigFile } from "./schema.ts";
import { hasScheme } from "../shared/url-text.ts";

/** The settings of a run: `settings`, which have been checked, over the defaults. Relative paths are below `folder`. */
export function resolveConfig(settings: ConfigFile, file: string | undefined, folder: string): Config {
  return {
    file,
    mode: settings.mode ?? DEFAULTS.mode,
    data: resolve(folder, settings.data ?? DEFAULTS.data),
    keys: resolve(folder, settings.keys ?? DEFAULTS.keys),
    site: settings.site,
    upstreams: (settings.upstreams ?? DEFAULTS.upstreams).map((upstream) =>
      resolveUpstream(upstream, folder),
    ),
    rules: {
      select: (settings.select ?? DEFAULTS.select).map((rule) => resolveSelect(rule)),
      deny: (settings.deny ?? DEFAULTS.deny).map((rule) => resolveDeny(rule)),
    },
    fetch: resolveFetch(settings.fetch, folder),
    retention: resolveRetention(settings.retention),
    server: resolveServer(settings.server?.listen ?? DEFAULTS.server.listen),
    advice: (settings.advice ?? []).map((one) => resolveAdvice(one)),
  };
}

/** A keyring as the code takes it: the two words stay, a file becomes an absolute path. */
export function resolveKeyring(keyring: string, folder: string): string {
  return keyring === "builtin" || keyring === "none" ? keyring : resolve(folder, keyring);
}

/** An upstream's address as the code takes it: a URL stays, a folder becomes an absolute path. */
export function resolveUpstreamUrl(url: string, folder: string): string {
  return hasScheme(url) || isAbsolute(url) ? url : resolve(folder, url);
}

type FileUpstream = NonNullable<ConfigFile["upstreams"]>[number];
type FileSelect = NonNullable<ConfigFile["select"]>[number];
type FileAdvice = NonNullable<ConfigFile["advice"]>[number];
type FileDeny = NonNullable<ConfigFile["deny"]>[number];

function resolveUpstream(upstream: FileUpstream, folder: string): UpstreamConfig {
  return {
    name: upstream.name,
    url: resolveUpstreamUrl(upstream.url, folder),
    keyring: resolveKeyring(upstream.keyring ?? "builtin", folder),
  };
}

function resolveSelect(rule: FileSelect): SelectRule {
  return {
    streams: list(rule.stream),
    ...(rule.versions === undefined ? {} : { versions: rule.versions }),
    ...(rule.arch === undefined ? {} : { arch: list(rule.arch) }),
    ...(rule.os === undefined ? {} : { os: list(rule.os) }),
    ...(rule.series === undefined ? {} : { series: list(rule.series) }),
    ...(rule.keep === undefined ? {} : { keep: rule.keep }),
    ...(rule.prereleases === undefined ? {} : { prereleases: rule.prereleases }),
  };
}

function resolveDeny(rule: FileDeny): DenyRule {
  return {
    version: rule.version,
    ...(rule.arch === undefined ? {} : { arch: list(rule.arch) }),
    ...(rule.reason === undefined ? {} : { reason: rule.reason }),
  };
}

function resolveAdvice({ from, to, severity, reason, link }: FileAdvice): Advice {
  return { from: from ?? "*", to, severity, reason, ...(link === undefined ? {} : { link }) };
}

function resolveFetch(given: ConfigFile["fetch"], folder: string): FetchConfig {
  return {
    jobs: given?.jobs ?? DEFAULTS.fetch.jobs,
    limitRate: given?.limitRate === undefined ? undefined : parseByteSize(String(given.limitRate)),
    idleTimeoutMs: milliseconds(given?.idleTimeout ?? DEFAULTS.fetch.idleTimeout),
    retries: given?.retries ?? DEFAULTS.fetch.retries,
    caFile: given?.caFile === undefined ? undefined : resolve(folder, given.caFile),
  };
}

function resolveRetention(given: ConfigFile["retention"]): RetentionConfig {
  return {
    snapshots: given?.snapshots ?? DEFAULTS.retention.snapshots,
    graceMs: milliseconds(given?.grace ?? DEFAULTS.retention.grace),
    quota: given?.quota === undefined ? undefined : parseByteSize(String(given.quota)),
    maxRemoval: checked(parsePercent(given?.maxRemoval ?? DEFAULTS.retention.maxRemoval)),
  };
}

function resolveServer(listen: string): ServerConfig {
  return checked(findListen(listen));
}

function milliseconds(text: string): number {
  return checked(parseDurationMs(text));
}

/** The schema has refused what these parsers do not know. */
function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a setting was used before it was checked");
  return value;
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
