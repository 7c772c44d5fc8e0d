import { lookup as systemLookup } from "node:dns";
import { readFile } from "node:fs/promises";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import { getCACertificates } from "node:tls";

import { JamError } from "../shared/errors.ts";
import { queueBody, type BodyQueue } from "./body-queue.ts";
import { cancelled, displayUrl } from "./failure.ts";
import { toUpstreamError, type FailedRequest } from "./http-failure.ts";
import { proxyFor, readProxySettings, type ProxyEnvironment } from "./proxy-setting.ts";
import {
  checkRedirect,
  isPrivateAddress,
  isPrivateHost,
  redirectRefused,
  refusePrivate,
} from "./url-policy.ts";
import { receivingAgents } from "./receive-buffers.ts";
import { TOLD_SILENCE_MS } from "./waiting.ts";

export interface HttpClientOptions {
  readonly base: URL;
  readonly userAgent: string;
  readonly environment: ProxyEnvironment;
  /** PEM file of authorities that are trusted in addition to the usual ones. */
  readonly caFile: string | undefined;
  /** Longest wait for each step up to the answer's headers, and for all of them together four times that. */
  readonly idleTimeoutMs: number;
  readonly redirectOrigins: readonly string[];
  /** How long a connection stays open without a request. Default 5 000. */
  readonly keptMs?: number | undefined;
  /** Called once for a request without any response. */
  readonly onSilence?: (url: string, silentMs: number) => void;
}

export interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the body may travel compressed; a tarball never does. */
  readonly decompress: boolean;
  readonly signal: AbortSignal;
}

/** The headers of the final response, after redirects; the body flows when it is read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read to its end or destroyed. */
  readonly body: BodyQueue;
  readonly request: FailedRequest;
}

export interface HttpClient {
  /**
   * Sends GET and follows what redirects it may.
   * @throws JamError JAM_UPSTREAM_UNREACHABLE, _TIMEOUT, _TLS, _PROXY, _REDIRECT, JAM_CANCELLED
   */
  get(url: URL, request: HttpRequest): Promise<HttpAnswer>;
}

const MAX_REDIRECTS = 5;

/**
 * A cache server that fetched for hundreds of clients needs few connections for the next ones, and none for long: each is an
 * open file here and at the upstream. What the upstream's `Keep-Alive` says is followed where it is less.
 */
const KEPT_CONNECTIONS = { keepAlive: true, maxFreeSockets: 24 };
const KEPT_MS = 5_000;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * A client for one upstream: connections are kept and shared, the proxy and the authorities are its own.
 * @throws JamError JAM_CONFIG_INVALID for the file of authorities, JAM_UPSTREAM_PROXY for a proxy that cannot be used
 */
export async function openHttpClient(options: HttpClientOptions): Promise<HttpClient> {
  const { default: got } = await import("got");
  const proxySettings = readProxySettings(options.environment);
  const ca = options.caFile === undefined ? {} : { ca: await readAuthorities(options.caFile) };
  // Ends free connections only: a request that waits has limits of its own.
  const kept = { ...KEPT_CONNECTIONS, timeout: options.keptMs ?? KEPT_MS };
  const agent = receivingAgents({ ...kept, proxyEnv: proxySettings, ...ca });
  const lookup = createGuardedLookup(options.base);
  const step = options.idleTimeoutMs;
  const client = got.extend({
    agent,
    dnsLookup: lookup.function,
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    timeout: { lookup: step, connect: step, secureConnect: step, response: step },
    headers: { "user-agent": options.userAgent },
  });

  function send(url: URL, request: HttpRequest): Promise<HttpAnswer> {
    const failed = { url: displayUrl(url), proxy: proxyFor(url, proxySettings) };
    const { headers, decompress, signal } = request;
    return new Promise((resolve, reject) => {
      const body = client.stream(url, { headers, decompress, signal });
      // The client's own timers start with the socket; a proxy that never grants one is caught here.
      const deadline = setTimeout(() => body.destroy(timedOut(failed.url, 4 * step)), 4 * step);
      const silence = setTimeout(() => options.onSilence?.(failed.url, TOLD_SILENCE_MS), TOLD_SILENCE_MS);
      const clear = () => {
        clearTimeout(deadline);
        clearTimeout(silence);
      };
      body.once("error", (error) => {
        clear();
        reject(signal.aborted ? cancelled(signal) : toUpstreamError(error, { ...failed, answered: false }));
      });
      body.once("response", (response: IncomingMessage) => {
        clear();
        const { statusCode: status = 0, headers } = response;
        // The client leaves the connection open when all of a body has arrived that nobody read.
        body.once("close", () => response.destroy());
        resolve({ status, headers, body: queueBody(body), request: { ...failed, answered: true } });
      });
    });
  }

  return {
    async get(url, request) {
      let at = url;
      for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
        const answer = await send(at, request);
        if (!REDIRECTS.has(answer.status)) return answer;
        answer.body.drain();
        const from = at;
        at = checkRedirect(from, answer.headers.location, {
          base: options.base,
          origins: options.redirectOrigins,
        });
        lookup.guard(from, at);
      }
      throw redirectRefused(url, displayUrl(at), `it is number ${MAX_REDIRECTS + 1} in a row`);
    },
  };
}

/**
 * A name look-up that refuses private addresses for hosts that only a redirect led to. It hands the connection its
 * address, so a name cannot answer differently the second time.
 */
function createGuardedLookup(base: URL): { function: LookupFunction; guard(from: URL, target: URL): void } {
  const guarded = new Map<string, JamError>();
  let baseIsPrivate = isPrivateHost(base.hostname);
  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    systemLookup(hostname, options, (error, address, family) => {
      const addresses = Array.isArray(address) ? address.map((each) => each.address) : [address];
      const isPrivate = error === null && addresses.some(isPrivateAddress);
      if (hostname === base.hostname) baseIsPrivate ||= isPrivate;
      const refusal = isPrivate && !baseIsPrivate ? guarded.get(hostname) : undefined;
      callback(refusal ?? error, address, family);
    });
  };
  return {
    function: guardedLookup,
    guard(from, target) {
      if (target.hostname !== base.hostname) guarded.set(target.hostname, refusePrivate(from, target));
    },
  };
}

/**
 * The certificates that the system trusts and those in a PEM file.
 * @throws JamError JAM_CONFIG_INVALID
 */
export async function readAuthorities(file: string): Promise<string[]> {
  const hint = "Name a PEM file with at least one certificate as fetch.caFile in jam.yaml.";
  const pem = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new JamError("JAM_CONFIG_INVALID", `The file of certificate authorities ${file} cannot be read`, {
      hint,
      cause,
      details: { file },
    });
  });
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new JamError(
      "JAM_CONFIG_INVALID",
      `The file of certificate authorities ${file} contains no PEM certificate`,
      { hint, details: { file } },
    );
  }
  return [...getCACertificates("default"), pem];
}

function timedOut(url: string, ms: number): JamError {
  return new JamError("JAM_UPSTREAM_TIMEOUT", `${url}: no answer within ${Math.round(ms / 1000)} s`, {
    hint: "Try again later, or check the proxy and firewall in between.",
    details: { url, timeoutMs: ms },
  });
}
