import { open, readFile } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { fileURLToPath } from "node:url";
import type { Got, Response } from "got";

import { loadKeyring } from "../openpgp/keyring.ts";
import { verifyAsJuju } from "../openpgp/verify-clearsigned.ts";
import { cancelled, displayUrl } from "./failure.ts";
import { readAuthorities } from "./http-client.ts";
import { toUpstreamError } from "./http-failure.ts";
import { isPrivateHost } from "./url-policy.ts";
import { proxyFor, readProxySettings, type ProxyEnvironment } from "./proxy-setting.ts";

/** The result of a request; every status is an answer. */
export type ReaderAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "unreachable" | "cut"; readonly reason: string }
  | { readonly kind: "not-contacted" };

export interface LookupReaderOptions {
  /** What may be contacted: URLs that start with one of these. */
  readonly bases: readonly string[];
  /** `builtin` or a file: the key that replaces Juju's. */
  readonly keyring: string;
  readonly environment: ProxyEnvironment;
  readonly userAgent: string;
  readonly caFile: string | undefined;
  readonly idleTimeoutMs: number;
  /** Redirects to an address that is not private by its own spelling are not followed. */
  readonly isOffline: boolean;
  readonly signal: AbortSignal;
}

/** Go's client gives up at the tenth. Source: Go net/http defaultCheckRedirect */
const MAX_REDIRECTS = 9;

/**
 * Reads documents as Juju's client does: redirects are followed wherever they lead, no status is an error, nothing
 * is repeated. A URL outside the bases is not contacted.
 * @throws JamError JAM_KEYRING_INVALID, JAM_CONFIG_INVALID for the file of authorities, JAM_CANCELLED
 */
export function createLookupReader(options: LookupReaderOptions) {
  let client: Promise<Got> | undefined;
  const openClient = () => (client ??= createClient(options));
  const isNamed = (url: string) =>
    options.bases.some((base) => url.startsWith(base.endsWith("/") ? base : `${base}/`));

  async function ask(url: string, accept: string | undefined): Promise<ReaderAnswer> {
    if (!isNamed(url)) return { kind: "not-contacted" };
    if (url.startsWith("file:")) return await readLocal(url, accept !== undefined);
    const { signal } = options;
    // Outside the `try`: a file of authorities that cannot be read is an error of the settings, not of the server.
    const got = await openClient();
    try {
      const answer = accept === undefined ? await got(url, { signal }) : await head(got, url, accept, signal);
      return {
        kind: "answer",
        status: answer.statusCode,
        headers: plain(answer.headers),
        bytes: answer.rawBody,
      };
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      // The client calls it so when the headers were there and the body was not to be had.
      const kind = error instanceof Error && error.name === "ReadError" ? "cut" : "unreachable";
      return { kind, reason: reasonOf(error, url, options.environment) };
    }
  }

  return {
    fetchDocument: (url: string) => ask(url, undefined),
    probe: (url: string, accept: string) => ask(url, accept),
    verify: (block: string) => verifyBlock(block, options.keyring),
  };
}

async function createClient(options: LookupReaderOptions): Promise<Got> {
  const { default: got } = await import("got");
  const shared = { proxyEnv: readProxySettings(options.environment) };
  const authorities = options.caFile === undefined ? {} : { ca: await readAuthorities(options.caFile) };
  const step = options.idleTimeoutMs;
  return got.extend({
    agent: { http: new HttpAgent(shared), https: new HttpsAgent({ ...shared, ...authorities }) },
    maxRedirects: MAX_REDIRECTS,
    hooks: { beforeRedirect: options.isOffline ? [refuseOutside] : [] },
    throwHttpErrors: false,
    retry: { limit: 0 },
    responseType: "buffer",
    headers: { "user-agent": options.userAgent, "accept-encoding": "gzip" },
    timeout: { lookup: step, connect: step, secureConnect: step, response: step, socket: step },
  });
}

/** Offline means offline, wherever a server inside points. */
function refuseOutside({ url }: { readonly url?: URL | string | undefined }): void {
  const target = new URL(url ?? "http://unknown.invalid");
  if (isPrivateHost(target.hostname)) return;
  throw new Error(`redirects to ${displayUrl(target)}, which is not contacted in offline mode`);
}

type Head = Pick<Response, "statusCode" | "headers"> & { readonly rawBody: Uint8Array };

/** Status and headers of a GET; the body is not read. */
function head(got: Got, url: string, accept: string, signal: AbortSignal): Promise<Head> {
  return new Promise((resolve, reject) => {
    const headers = { accept, "accept-encoding": "identity" };
    const body = got.stream(url, { signal, followRedirect: false, decompress: false, headers });
    body.once("error", reject);
    body.once("response", ({ statusCode, headers }: Response) => {
      resolve({ statusCode, headers, rawBody: new Uint8Array() });
      body.destroy();
    });
  });
}

function plain(headers: Response["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

/** Files answer as Juju's file transport does: a missing one with 404. */
async function readLocal(url: string, isProbe: boolean): Promise<ReaderAnswer> {
  const path = fileURLToPath(url);
  try {
    if (!isProbe) return { kind: "answer", status: 200, headers: {}, bytes: await readFile(path) };
    await using file = await open(path);
    const { size } = await file.stat();
    return { kind: "answer", status: 200, headers: { "content-length": `${size}` }, bytes: new Uint8Array() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const status = code === "ENOENT" || code === "ENOTDIR" ? 404 : code === "EACCES" ? 403 : 500;
    return { kind: "answer", status, headers: {}, bytes: new Uint8Array() };
  }
}

function reasonOf(error: unknown, url: string, environment: ProxyEnvironment): string {
  const at = new URL(url);
  const proxy = proxyFor(at, readProxySettings(environment));
  const { message } = toUpstreamError(error, { url: displayUrl(at), proxy, answered: false });
  return message.replace(`${displayUrl(at)}: `, "");
}

async function verifyBlock(
  block: string,
  keyringSource: string,
): Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string }> {
  const keyring = await loadKeyring(keyringSource);
  try {
    return { ok: true, text: await verifyAsJuju(block, "it", keyring) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
