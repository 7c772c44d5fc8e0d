import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { QuickAnswer, QuickAnswers } from "./quick-answers.ts";
import { type QuickRequest, QuickRequests } from "./quick-request.ts";
import { allowedMs, type ReaderPace } from "./response-writer.ts";
import type { RequestRecord } from "./request-log.ts";

/** What quick connections work with. */
export interface QuickRules {
  readonly answers: QuickAnswers;
  readonly log: (record: RequestRecord) => void;
  /** True for a connection that gets no answer. */
  readonly isRefused: (socket: Socket) => boolean;
  /** Time for the first request. */
  readonly headersTimeoutMs: number;
  readonly pace: ReaderPace;
  /** Time between an answer and the next request. */
  readonly keepAliveTimeoutMs: number;
}

/** What Node adds to the time that it tells clients, so that a request just before its end is still answered. */
const KEEP_ALIVE_GRACE_MS = 1_000;

/** What Node sends to a connection that asks for nothing. */
const TIMED_OUT = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/**
 * Answers what `QuickRequests` reads and `QuickAnswers` knows, which costs a third of what Node's HTTP server needs. With its
 * first request of another kind, a connection is handed to that server for the rest of its life.
 */
export class QuickConnections {
  readonly rules: QuickRules;
  readonly requests = new QuickRequests();
  readonly open = new Set<QuickConnection>();
  readonly #server: Server;
  readonly #listeners: ReturnType<Server["listeners"]>;
  /** True while the server shuts down. */
  isDraining = false;

  /** Call it before anything else listens to the server. */
  constructor(server: Server, rules: QuickRules) {
    this.#server = server;
    this.rules = rules;
    // What Node itself does with a connection.
    this.#listeners = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket) => {
      if (this.isDraining) this.pass(socket);
      else this.open.add(new QuickConnection(socket, this));
    });
  }

  /** Hands a connection to Node's HTTP server. */
  pass(socket: Socket): void {
    for (const listener of this.#listeners) Reflect.apply(listener, this.#server, [socket]);
  }

  /** Closes connections on which nothing is being answered; further requests go to Node's HTTP server. */
  drain(): void {
    this.isDraining = true;
    for (const connection of this.open) connection.drain();
  }
}

class QuickConnection {
  readonly #socket: Socket;
  readonly #all: QuickConnections;
  readonly #remote: string;
  /** The answer to a request is being made; nothing is read meanwhile. */
  #isAnswering = false;
  /** The client sends nothing more, and may still read. */
  #hasEnded = false;
  #hasAnswered = false;

  constructor(socket: Socket, all: QuickConnections) {
    this.#socket = socket;
    this.#all = all;
    this.#remote = socket.remoteAddress ?? "";
    socket.setTimeout(all.rules.headersTimeoutMs);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("timeout", this.#onTimeout);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  drain(): void {
    if (!this.#isAnswering) this.#socket.destroySoon();
  }

  readonly #onData = (bytes: Buffer): void => {
    const { rules, requests } = this.#all;
    const request = rules.isRefused(this.#socket) ? undefined : requests.read(bytes);
    const answer = request && rules.answers.to(request);
    if (request === undefined || answer === undefined) this.#pass([bytes]);
    else if (answer instanceof Promise) void this.#answerLater(request, answer, bytes);
    else this.#send(request, answer, 0);
  };

  async #answerLater(
    request: QuickRequest,
    answer: Promise<QuickAnswer | undefined>,
    bytes: Buffer,
  ): Promise<void> {
    const startedAt = performance.now();
    this.#isAnswering = true;
    this.#socket.pause();
    // What failed fails again there, and is told to the client.
    const made = await answer.catch(() => undefined);
    this.#isAnswering = false;
    if (this.#socket.destroyed) return;
    // After the client's end nothing can be handed over.
    if (this.#hasEnded && made === undefined) this.#socket.destroy();
    // Node's server ends the connection with its answer.
    else if (made === undefined || (this.#all.isDraining && !this.#hasEnded)) this.#pass([bytes]);
    else {
      this.#socket.resume();
      this.#send(request, made, Math.round(performance.now() - startedAt));
    }
  }

  #send(request: QuickRequest, { status, bytes }: QuickAnswer, ms: number): void {
    const socket = this.#socket;
    const { log, keepAliveTimeoutMs, pace } = this.#all.rules;
    const record = {
      method: "GET",
      url: request.url,
      status,
      bytes: bytes.length,
      ms,
      remote: this.#remote,
      userAgent: request.userAgent,
      aborted: false,
      ...request.between,
    };
    socket.write(bytes);
    if (socket.writableLength === 0) {
      log(record);
      if (this.#hasEnded) socket.end();
      if (this.#hasAnswered) return;
      this.#hasAnswered = true;
      socket.setTimeout(keepAliveTimeoutMs + KEEP_ALIVE_GRACE_MS);
      return;
    }
    const deadline = setTimeout(() => socket.destroy(), allowedMs(bytes.length, pace));
    socket.write("", (error) => {
      clearTimeout(deadline);
      log(error ? { ...record, aborted: true } : record);
    });
    if (this.#hasEnded) socket.end();
    else this.#pass([]);
  }

  /** Hands the connection over, with what it sent and nobody has answered. */
  #pass(bytes: readonly Buffer[]): void {
    const socket = this.#socket;
    this.#all.open.delete(this);
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("timeout", this.#onTimeout);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    socket.pause();
    this.#all.pass(socket);
    for (const piece of bytes.toReversed()) socket.unshift(piece);
    socket.resume();
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (!this.#isAnswering) this.#socket.end();
  };

  readonly #onTimeout = (): void => {
    if (this.#hasAnswered) this.#socket.destroy();
    else this.#socket.end(TIMED_OUT, () => this.#socket.destroy());
  };

  // It is closed after this, and nobody waits for more.
  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => void this.#all.open.delete(this);
}
