import { get, type IncomingHttpHeaders, type IncomingMessage } from "node:http";

/** How an answer ended: whole, by FIN before its end, by RST, or not at all within the time given. */
type Ending = "complete" | "cut" | "reset" | "stalled" | "header-overflow";

export interface Asked {
  /** 0 when no header came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly ending: Ending;
  readonly durationMs: number;
}

interface AskOptions {
  readonly headers?: Record<string, string>;
  /** Gives up after so much silence. */
  readonly patienceMs?: number;
  /** Stops reading after so many bytes and counts that as stalled. */
  readonly enoughBytes?: number;
}

/** One GET on a connection of its own, told as it went on the wire. */
export function ask(url: string, options: AskOptions = {}): Promise<Asked> {
  const { headers = {}, patienceMs = 400, enoughBytes = Infinity } = options;
  const startedAt = performance.now();
  const pieces: Buffer[] = [];
  let answer: IncomingMessage | undefined;
  let received = 0;
  const { promise, resolve } = Promise.withResolvers<Asked>();
  const finish = (ending: Ending): void => {
    const { statusCode: status = 0, headers = {} } = answer ?? {};
    resolve({
      status,
      headers,
      body: Buffer.concat(pieces),
      ending,
      durationMs: performance.now() - startedAt,
    });
    request.destroy();
  };
  const fail = (error: Error & { code?: string }): void => {
    if (error.code === "HPE_HEADER_OVERFLOW") finish("header-overflow");
    else finish(error.code === "ECONNRESET" && error.message.includes("read") ? "reset" : "cut");
  };
  const request = get(url, { headers, agent: false, timeout: patienceMs }, (response) => {
    answer = response;
    response.on("data", (piece: Buffer) => {
      pieces.push(piece);
      received += piece.length;
      if (received >= enoughBytes) finish("stalled");
    });
    response.on("error", fail);
    response.on("end", () => finish(response.complete ? "complete" : "cut"));
  });
  request.on("timeout", () => finish("stalled"));
  request.on("error", fail);
  return promise;
}
