import type { Server } from "node:http";
import type { Socket } from "node:net";
import { JamError } from "../shared/errors.ts";
import type { ServerCounts } from "./server-counts.ts";

/** Connections above the limit that are open for their refusal; more than these are closed without an answer. */
const MAX_REFUSALS = 1_000;

/** How long a connection above the limit may wait before it asks for something. */
const REFUSAL_MS = 5_000;

/** The connections of a server, which answers no more than `max` of them; a further one is told to come back. */
export class Connections {
  readonly #max: number;
  readonly #counts: ServerCounts;
  readonly #refusals = new WeakSet<Socket>();

  constructor(server: Server, max: number, counts: ServerCounts) {
    this.#max = max;
    this.#counts = counts;
    server.maxConnections = max + MAX_REFUSALS;
    server.on("connection", (socket) => this.#admit(socket));
    server.on("drop", () => counts.drop());
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
    if (!this.#counts.enter(this.#max)) {
      this.#refusals.add(socket);
      socket.setTimeout(REFUSAL_MS);
      return;
    }
    socket.once("close", () => this.#counts.leave());
  }
}
