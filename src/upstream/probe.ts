import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { hashPieces, type Hashed } from "../shared/sha256.ts";
import { cancelled, displayUrl } from "./failure.ts";
import { readAuthorities } from "./http-client.ts";
import { toUpstreamError } from "./http-failure.ts";
import { proxyFor, readProxySettings, type ProxyEnvironment } from "./proxy-setting.ts";

export interface ProbeOptions {
  readonly environment: ProxyEnvironment;
  readonly caFile: string | undefined;
  /** Longest silence. */
  readonly idleTimeoutMs: number;
  /** Called with the bytes of each piece of a body that is hashed; the next one is read when it has resolved. */
  readonly onBytes?: (bytes: number) => void | Promise<void>;
  readonly signal: AbortSignal;
}

interface Sent {
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: "keep" | "hash" | "drop";
}

/** Metadata documents are smaller; a proxy's page as well. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/**
 * Sends single requests with exactly these headers, and gives what comes back as it came: redirects are not followed, codings
 * not undone, no status is an error, nothing is repeated.
 * @throws JamError JAM_CONFIG_INVALID for the file of authorities, JAM_CANCELLED
 */
export async function openProbe(options: ProbeOptions) {
  const shared = { proxyEnv: readProxySettings(options.environment), keepAlive: true, maxSockets: 8 };
  const authorities = options.caFile === undefined ? {} : { ca: await readAuthorities(options.caFile) };
  const agents = { http: new HttpAgent(shared), https: new HttpsAgent({ ...shared, ...authorities }) };
  return async (url: string, sent: Sent) => {
    const { signal } = options;
    if (signal.aborted) throw cancelled(signal);
    try {
      const answer = await send(new URL(url), sent, { ...options, agents });
      return await readAnswer(answer, sent, options);
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      return { kind: "unreachable", reason: reasonOf(error, url, options.environment) } as const;
    }
  };
}

function send(
  url: URL,
  { method, headers }: Sent,
  {
    agents,
    idleTimeoutMs,
    signal,
  }: ProbeOptions & { readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent } },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === "https:";
    const auth =
      url.username === ""
        ? {}
        : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` };
    const options = { method, headers, signal, timeout: idleTimeoutMs, ...auth };
    const request = isSecure
      ? requestHttps(url, { ...options, agent: agents.https })
      : requestHttp(url, { ...options, agent: agents.http });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${idleTimeoutMs / 1000} s`)));
    request.once("error", reject);
    request.once("response", resolve);
    request.end();
  });
}

async function readAnswer(
  answer: IncomingMessage,
  { method, body }: Sent,
  { onBytes, signal }: ProbeOptions,
) {
  const status = answer.statusCode ?? 0;
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
  let bytes: Uint8Array = new Uint8Array();
  let hashed: Hashed | undefined;
  if (method === "HEAD") answer.resume();
  else if (body === "drop") answer.destroy();
  else if (body === "hash") hashed = await hashPieces(answer as AsyncIterable<Buffer>, { onBytes, signal });
  else bytes = await collect(answer);
  return { kind: "answer", status, headers, bytes, hashed } as const;
}

async function collect(answer: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_KEPT_BYTES) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function reasonOf(error: unknown, url: string, environment: ProxyEnvironment): string {
  const at = new URL(url);
  const proxy = proxyFor(at, readProxySettings(environment));
  const { message } = toUpstreamError(error, { url: displayUrl(at), proxy, answered: false });
  return message.replace(`${displayUrl(at)}: `, "");
}
