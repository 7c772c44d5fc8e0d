import type { Server } from "node:http";
import type { Socket } from "node:net";
import { JamError } from "../shared/errors.ts";

/** Connections above the limit that are open for their refusal; more than these are closed without an answer. */
const MAX_REFUSALS = 1_000;

/** How long a connection above the limit may wait before it asks for something. */
const REFUSAL_MS = 5_000;

/** Connections of a server since its start. */
export interface ConnectionCounts {
  readonly open: number;
  /** Answered with 503 and closed, because there were too many. */
  readonly refused: number;
  /** Closed without an answer, because there were too many even to be refused. */
  readonly dropped: number;
}

/** The connections of one server, which answers no more than `max` of them; a further one is told to come back. */
export class Connections {
  readonly #max: number;
  readonly #refusals = new WeakSet<Socket>();
  #open = 0;
  #refused = 0;
  #dropped = 0;

  constructor(server: Server, max: number) {
    this.#max = max;
    server.maxConnections = max + MAX_REFUSALS;
    server.on("connection", (socket) => this.#admit(socket));
    server.on("drop", () => this.#dropped++);
  }

  get counts(): ConnectionCounts {
    return { open: this.#open, refused: this.#refused, dropped: this.#dropped };
  }

  /** Why this connection gets no answer; undefined when it gets one. */
  refusalOf(socket: Socket): JamError | undefined {
    if (!this.#refusals.has(socket)) return undefined;
    return new JamError("JAM_SERVER_BUSY", `There are ${this.#max} connections already.`, {
      hint: "Try again in a few seconds.",
      details: { maxConnections: this.#max },
    });
  }

  #admit(socket: Socket): void {
    if (this.#open >= this.#max) {
      this.#refused++;
      this.#refusals.add(socket);
      socket.setTimeout(REFUSAL_MS);
      return;
    }
    this.#open++;
    socket.once("close", () => this.#open--);
  }
}
