import { JamError } from "../shared/errors.ts";
import { createDocumentTrust, type DocumentTrust } from "./document-trust.ts";
import { requestDocument, type ArrivedAnswer } from "./document-reader.ts";
import { displayUrl } from "./failure.ts";
import { PACE_DEFAULTS, type PaceLimits } from "./guarded-body.ts";
import { openHttpClient, type HttpClient } from "./http-client.ts";
import { downloadItem } from "./item-download.ts";
import type { ProxyEnvironment } from "./proxy-setting.ts";
import {
  type RateLimiter,
  SYSTEM_TIMING,
  type Timing,
  type UpstreamWait,
  type WaitObserver,
} from "./waiting.ts";
import { withRetries, RETRY_DEFAULTS, type RetryPolicy } from "./retry.ts";
import { resolveUnder } from "./url-policy.ts";
import type { DocumentAnswer, Upstream, RetryWait } from "./source.ts";

/** Options of every kind of upstream. */
export interface UpstreamOptions {
  /** The name that reports and errors use. */
  readonly name: string;
  /** http(s) or file URL, or a folder. */
  readonly url: string;
  /** `builtin` is the Juju key; otherwise a file with OpenPGP public keys; `none` switches verification off. */
  readonly keyring: string;
  /** Called with warnings that do not stop the run, such as a wrong clock. */
  readonly onWarning?: (message: string) => void;
  /** Called before each wait, except between attempts for a tarball: those are reported by `onRetry` of the fetch. */
  readonly onWait?: WaitObserver;
  /** Default: the machine's own. */
  readonly timing?: Timing;
  /** Shared by all that count against one limit; undefined is unlimited. */
  readonly rateLimiter?: RateLimiter | undefined;
}

/** Additional options of an upstream over HTTP. */
export interface HttpUpstreamOptions extends UpstreamOptions {
  /** `jam/<version>`. */
  readonly userAgent: string;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are looked up. Default: no proxy. */
  readonly env?: ProxyEnvironment;
  /** PEM file of authorities that are trusted in addition to the system's. */
  readonly caFile?: string | undefined;
  /** Longest silence on a connection while we wait, in ms. Default 30 000. */
  readonly idleTimeoutMs?: number;
  /** How long a connection stays open for the next request, in ms. Default 5 000. */
  readonly keptMs?: number;
  /** The slowest transfer that is left alone. Default 10 kB/s over 30 s. */
  readonly minRate?: Partial<Omit<PaceLimits, "idleTimeoutMs">>;
  /** Attempts after the first, per document and per tarball. Default 4. */
  readonly retries?: number;
  /** Bounds of the waits in between. Default 0.5 s, doubled up to 30 s. */
  readonly backOff?: Omit<RetryPolicy, "retries" | "maxAskedMs">;
  /** A longer Retry-After, in ms, ends the attempts. Default: none does, and jam waits 5 min at most. */
  readonly maxAskedMs?: number;
  /** Origins, other than the upstream's own, to which redirects are followed. Default none. */
  readonly redirectOrigins?: readonly string[];
}

/**
 * A simplestreams tree over HTTP. Nothing is opened or loaded before the first request.
 * @throws JamError JAM_CONFIG_INVALID when the URL is none
 */
export function openHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const base = parseBase(options);
  const timing = options.timing ?? SYSTEM_TIMING;
  const onWarning = options.onWarning ?? (() => undefined);
  const idleTimeoutMs = options.idleTimeoutMs ?? PACE_DEFAULTS.idleTimeoutMs;
  const tellSilence = (url: string, silentMs: number) =>
    options.onWait?.(describeSilence(options.name, { base, url, silentMs, idleTimeoutMs }));
  const pace: PaceLimits = { ...PACE_DEFAULTS, ...options.minRate, idleTimeoutMs, onSilence: tellSilence };
  const { backOff, maxAskedMs, retries = RETRY_DEFAULTS.retries } = options;
  const retry = { policy: { ...RETRY_DEFAULTS, ...backOff, retries, maxAskedMs }, timing };
  const trust = createDocumentTrust({ keyring: options.keyring, timing, onWarning });
  const clock = createClockCheck(timing, onWarning);
  let client: Promise<HttpClient> | undefined;
  const connect = () =>
    (client ??= openHttpClient({
      base,
      userAgent: options.userAgent,
      environment: options.env ?? {},
      caFile: options.caFile,
      idleTimeoutMs,
      keptMs: options.keptMs,
      redirectOrigins: options.redirectOrigins ?? [],
      onSilence: tellSilence,
    }));

  return {
    name: options.name,
    url: displayUrl(base),
    verifies: trust.verifies,
    trustedKeys: () => trust.trustedKeys(),
    checkDocument: (arrived) => trust.check(arrived),
    async readDocument(path, known, signal) {
      const http = await connect();
      const read = async () => {
        const answer = await requestDocument(http, {
          base,
          path,
          known,
          pace,
          now: () => timing.now(),
          signal,
        });
        if (answer.kind === "found") clock.compare(answer.servedAt);
        return judge(answer, trust);
      };
      const onRetry = (error: Error, wait: RetryWait) =>
        options.onWait?.({ source: options.name, path, message: error.message, ...wait });
      return withRetries(read, { ...retry, signal, onRetry });
    },
    async fetchItem(item, sink, fetchOptions) {
      const context = {
        client: await connect(),
        url: resolveUnder(base, item.path),
        pace,
        limiter: options.rateLimiter,
        retry,
      };
      await downloadItem(context, item, sink, fetchOptions);
    },
  };
}

function describeSilence(
  source: string,
  silence: {
    readonly base: URL;
    readonly url: string;
    readonly silentMs: number;
    readonly idleTimeoutMs: number;
  },
): UpstreamWait {
  const { base, url, silentMs, idleTimeoutMs } = silence;
  return {
    source,
    path: pathBelow(base, url),
    message: `${url}: no data for ${Math.round(silentMs / 1000)} s`,
    waitMs: Math.max(0, idleTimeoutMs - silentMs),
    askedBy: "upstream",
  };
}

/** The part of an address that an upstream's paths begin at; the whole address where a redirect led elsewhere. */
function pathBelow(base: URL, url: string): string {
  const start = displayUrl(base);
  return url.startsWith(start) ? url.slice(start.length) : url;
}

async function judge(answer: ArrivedAnswer, trust: DocumentTrust): Promise<DocumentAnswer> {
  return answer.kind === "found" ? { kind: "found", document: await trust.check(answer.arrived) } : answer;
}

function parseBase(options: UpstreamOptions): URL {
  const base = URL.parse(options.url);
  if (base !== null && (base.protocol === "http:" || base.protocol === "https:")) return base;
  throw new JamError(
    "JAM_CONFIG_INVALID",
    `Upstream ${options.name}: "${options.url}" is not a valid http or https URL`,
    {
      hint: "Write it as https://streams.canonical.com/juju/tools/ in jam.yaml.",
      details: { upstream: options.name, url: options.url },
    },
  );
}

/** More than this, and freshness and signature dates are judged wrongly. */
const CLOCK_TOLERANCE_MS = 300_000;

/** Compares the clock of this machine with the server's and warns once. */
function createClockCheck(
  timing: Timing,
  onWarning: (message: string) => void,
): { compare(date?: string): void } {
  let warned = false;
  return {
    compare(date) {
      const skewMs = timing.now() - Date.parse(date ?? "");
      if (warned || Number.isNaN(skewMs) || Math.abs(skewMs) < CLOCK_TOLERANCE_MS) return;
      warned = true;
      const minutes = Math.round(Math.abs(skewMs) / 60_000);
      onWarning(
        `The clock of this machine is ${minutes} min ${skewMs > 0 ? "ahead of" : "behind"} the upstream's.`,
      );
    },
  };
}
