import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { offerDocument, offerItem, type Offer } from "./answer.ts";
import { answerWith } from "./apply-fault.ts";
import { FaultPlan, type Fault } from "./faults.ts";
import { createPacer, type Pacer } from "./pacer.ts";
import { sendAnswer } from "./send.ts";
import type { SampleTree } from "./tree.ts";

export interface SampleUpstreamOptions {
  readonly tree: SampleTree;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0, a free one. */
  readonly port?: number;
  /** Where the tree lies on the server. Default `/juju/tools/`. */
  readonly basePath?: string;
  /** PEM; makes it an HTTPS server. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Waits this long before each answer. Default 0. */
  readonly latencyMs?: number;
  /** Default unlimited. */
  readonly bytesPerSecondPerConnection?: number;
}

/** One request that came, as it came. */
interface SampleRequest {
  readonly method: string;
  /** Relative to the base URL, decoded; the whole target when it lies outside. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** 0 until it is answered. */
  status: number;
  /** Body bytes handed to the connection so far. */
  bytesSent: number;
}

type TreePart = "index" | "products" | "items";

export interface SampleUpstream extends AsyncDisposable {
  /** The base URL, with a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** One line a request: `GET agent/a.tgz bytes=4-`. */
  readonly requests: readonly string[];
  readonly records: readonly SampleRequest[];
  /** The most requests that were open at one time. */
  readonly peakRequests: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Those that are open now. */
  readonly openConnections: number;
  /** Spoils the answers for a path (exact, or by pattern); several for one path happen one after the other. */
  fault(path: string | RegExp, fault: Fault): void;
  clearFaults(): void;
  /** Forgets the requests seen so far. */
  clearRequests(): void;
  /** Publishes another tree: all of it at once, or only some parts, as in the middle of a publication. */
  publish(tree: SampleTree, parts?: readonly TreePart[]): void;
  /** Calls `listener` before each request is answered; it may publish or add faults. */
  onRequest(listener: (request: SampleRequest) => void): void;
  /** Stops at once, with what is still open. */
  close(): Promise<void>;
}

/** A running sample upstream. */
export async function startSampleUpstream(options: SampleUpstreamOptions): Promise<SampleUpstream> {
  const upstream = new RunningUpstream(options);
  await upstream.listen();
  return upstream;
}

class RunningUpstream implements SampleUpstream {
  readonly requests: string[] = [];
  readonly records: SampleRequest[] = [];
  readonly #options: SampleUpstreamOptions;
  readonly #basePath: string;
  readonly #server: Server;
  readonly #faults = new FaultPlan();
  readonly #connections = new WeakMap<Socket, { number: number; pacer: Pacer | undefined }>();
  readonly #listeners: ((request: SampleRequest) => void)[] = [];
  #documents: SampleTree["documents"];
  #items: SampleTree["items"];
  #modifiedAt: Date;
  #open = 0;
  peakRequests = 0;
  connections = 0;
  openConnections = 0;

  constructor(options: SampleUpstreamOptions) {
    this.#options = options;
    this.#basePath = options.basePath ?? "/juju/tools/";
    this.#documents = options.tree.documents;
    this.#items = options.tree.items;
    this.#modifiedAt = options.tree.now;
    const onRequest: RequestListener = (request, response) => void this.#serve(request, response);
    this.#server = options.tls ? createTlsServer(options.tls, onRequest) : createServer(onRequest);
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on(options.tls ? "secureConnection" : "connection", (socket: Socket) =>
      this.#accept(socket),
    );
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const { host = "127.0.0.1", tls } = this.#options;
    return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${this.port}${this.#basePath}`;
  }

  listen(): Promise<void> {
    const { host = "127.0.0.1", port = 0 } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
  }

  fault(path: string | RegExp, fault: Fault): void {
    this.#faults.add(path, fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  clearRequests(): void {
    this.requests.length = 0;
    this.records.length = 0;
    this.peakRequests = this.#open;
  }

  publish(tree: SampleTree, parts: readonly TreePart[] = ["index", "products", "items"]): void {
    const isNew = (path: string): boolean => parts.includes(isIndex(path) ? "index" : "products");
    this.#documents = new Map([
      ...[...this.#documents].filter(([path]) => !isNew(path)),
      ...[...tree.documents].filter(([path]) => isNew(path)),
    ]);
    if (parts.includes("items")) this.#items = tree.items;
    this.#modifiedAt = tree.now;
  }

  onRequest(listener: (request: SampleRequest) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const rate = this.#options.bytesPerSecondPerConnection;
    this.connections += 1;
    this.openConnections += 1;
    socket.once("close", () => (this.openConnections -= 1));
    this.#connections.set(socket, {
      number: this.connections,
      pacer: rate === undefined ? undefined : createPacer(rate),
    });
    socket.setNoDelay(true);
    // Peers go away in the middle by intent here.
    socket.on("error", () => socket.destroy());
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open += 1;
    this.peakRequests = Math.max(this.peakRequests, this.#open);
    response.once("close", () => (this.#open -= 1));
    const record = this.#record(request);
    for (const listener of this.#listeners) listener(record);
    try {
      await this.#answer(record, request, response);
    } catch (error) {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #answer(record: SampleRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.#faults.next(record.path);
    const offer = this.#offer(record.path);
    if (this.#options.latencyMs) await sleep(this.#options.latencyMs);
    const question = { path: record.path, headers: request.headers, baseUrl: this.url };
    const answer = await answerWith(fault, offer, question);
    record.status = answer.status;
    await sendAnswer(response, answer, {
      fault,
      pacer: this.#connections.get(request.socket)?.pacer,
      withBody: request.method !== "HEAD" && answer.status !== 304,
      onBytes: (bytes) => (record.bytesSent += bytes),
    });
  }

  #record(request: IncomingMessage): SampleRequest {
    const { method = "GET", headers, url = "/" } = request;
    const path = this.#pathOf(url);
    const connection = this.#connections.get(request.socket)?.number ?? 0;
    const record = { method, path, headers, at: Date.now(), connection, status: 0, bytesSent: 0 };
    this.records.push(record);
    this.requests.push([method, path, headers.range].filter(Boolean).join(" "));
    return record;
  }

  #pathOf(target: string): string {
    const path = decodeURIComponent(new URL(target, "http://sample.invalid").pathname);
    return path.startsWith(this.#basePath) ? path.slice(this.#basePath.length) : path;
  }

  #offer(path: string): Offer | undefined {
    const document = this.#documents.get(path);
    if (document !== undefined) return offerDocument(document, this.#modifiedAt);
    const item = this.#items.get(path);
    return item === undefined ? undefined : offerItem(item.source, item.sha256, item.modifiedAt);
  }
}

function isIndex(path: string): boolean {
  return /^streams\/v1\/(index|mirrors|cpc-mirrors)/.test(path);
}
