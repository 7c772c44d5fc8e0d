import { createHash } from "node:crypto";
import { Agent, get, type IncomingMessage } from "node:http";

/** How a request ended, with all that tells why it broke. */
export interface Received {
  readonly path: string;
  /** 0 when the connection broke before the headers had come. */
  readonly status: number;
  /** The code of jam's error in the body. */
  readonly code: string;
  readonly sha256: string;
  /** Bytes of the body. */
  readonly bytes: number;
  /** Whether all came that the headers promise. */
  readonly isWhole: boolean;
  /** Whether the connection had served another request before. */
  readonly isReused: boolean;
  /** What broke the connection, as Node names it; empty where nothing did. */
  readonly broke: string;
  /** When it ended, in ms since the epoch. */
  readonly at: number;
}

const PATIENCE_MS = 60_000;

/** A client with one connection that it keeps; the server's log names it. */
export class Client {
  readonly name: string;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #retries = 0;

  constructor(url: string, name: string) {
    this.#url = url;
    this.name = name;
  }

  /** Requests that were sent again, because a kept connection had been closed meanwhile. */
  get retries(): number {
    return this.#retries;
  }

  /** Sends GET; once more when a kept connection breaks before it answers, as Go's net/http does. Never rejects. */
  async get(path: string): Promise<Received> {
    const received = await this.#send(path);
    if (received.status !== 0 || !received.isReused) return received;
    this.#retries += 1;
    return this.#send(path);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string): Promise<Received> {
    return new Promise((resolve) => {
      const options = { agent: this.#agent, headers: { "user-agent": this.name } };
      let broke = "";
      const onError = (error: NodeJS.ErrnoException) => (broke ||= error.code ?? error.message);
      const hash = createHash("sha256");
      let [bytes, problem] = [0, ""];
      let response: IncomingMessage | undefined;
      const sent = get(`${this.#url}${path}`, options, (answer) => {
        response = answer;
        answer.on("data", (piece: Buffer) => {
          hash.update(piece);
          bytes += piece.length;
          if (answer.statusCode !== 200) problem += piece.toString();
        });
        answer.on("error", onError);
      });
      sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`silent for ${PATIENCE_MS / 1000} s`)));
      sent.on("error", onError);
      sent.on("close", () =>
        resolve({
          path,
          status: response?.statusCode ?? 0,
          code: /"code":"(\w+)"/.exec(problem)?.[1] ?? "",
          sha256: hash.digest("hex"),
          bytes,
          isWhole: response?.complete ?? false,
          isReused: sent.reusedSocket,
          broke,
          at: Date.now(),
        }),
      );
    });
  }
}
