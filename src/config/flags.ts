import { resolve } from "node:path";
import { parseByteSize } from "../shared/byte-size.ts";
import { parseDurationMs } from "../shared/duration.ts";
import { JamError } from "../shared/errors.ts";
import type { Config, UpstreamConfig } from "./config.ts";
import { resolveKeyring, resolveUpstreamUrl } from "./resolve.ts";
import { parseListen } from "./listen.ts";

/** Settings given by flags, as typed; each one wins over everything else. Paths are relative to the working folder. */
export interface ConfigFlags {
  readonly data?: string;
  /** `--offline` */
  readonly mode?: "online" | "offline";
  /** HOST:PORT */
  readonly listen?: string;
  readonly jobs?: string;
  /** `20MiB` a second. */
  readonly limitRate?: string;
  /** ISO 8601. */
  readonly idleTimeout?: string;
  readonly retries?: string;
  readonly caFile?: string;
  /** One upstream instead of those of the file; takes the keyring of the file's first one. */
  readonly upstream?: string;
  /** The keyring of every upstream; `none` switches verification off. */
  readonly keyring?: string;
}

/**
 * `config` with the flags over it.
 * @throws JamError JAM_USAGE_INVALID
 */
export function applyFlags(config: Config, flags: ConfigFlags, cwd: string): Config {
  const { fetch } = config;
  return {
    ...config,
    mode: flags.mode ?? config.mode,
    data: flags.data === undefined ? config.data : resolve(cwd, flags.data),
    upstreams: applyUpstream(config.upstreams, flags, cwd),
    server: flags.listen === undefined ? config.server : parseListen(flags.listen),
    fetch: {
      jobs: read("--jobs", flags.jobs, wholeNumber(1, 64), "a whole number from 1 to 64") ?? fetch.jobs,
      limitRate:
        read("--limit-rate", flags.limitRate, parseByteSize, "bytes per second such as 20MiB") ??
        fetch.limitRate,
      idleTimeoutMs:
        read("--idle-timeout", flags.idleTimeout, parseDurationMs, "an ISO 8601 duration such as PT30S") ??
        fetch.idleTimeoutMs,
      retries:
        read("--retries", flags.retries, wholeNumber(0, 100), "a whole number from 0 to 100") ??
        fetch.retries,
      caFile: flags.caFile === undefined ? fetch.caFile : resolve(cwd, flags.caFile),
    },
  };
}

function applyUpstream(
  upstreams: readonly UpstreamConfig[],
  { upstream, keyring }: ConfigFlags,
  cwd: string,
): readonly UpstreamConfig[] {
  const chosen =
    upstream === undefined
      ? upstreams
      : [
          {
            name: "command-line",
            url: resolveUpstreamUrl(upstream, cwd),
            keyring: upstreams[0]?.keyring ?? "builtin",
          },
        ];
  return keyring === undefined
    ? chosen
    : chosen.map((each) => ({ ...each, keyring: resolveKeyring(keyring, cwd) }));
}

function read<T>(
  flag: string,
  text: string | undefined,
  parse: (text: string) => T | undefined,
  expected: string,
): T | undefined {
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value !== undefined) return value;
  throw new JamError("JAM_USAGE_INVALID", `${flag}: expected ${expected}, got "${text}".`, {
    hint: `Give ${flag} as ${expected}.`,
    details: { flag, value: text },
  });
}

function wholeNumber(smallest: number, largest: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= smallest && value <= largest ? value : undefined;
  };
}
