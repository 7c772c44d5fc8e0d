/** HTTP as bytes on a socket, for what `fetch` would never send or would tidy up. */
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; several of one name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends the text, reads until the server closes (add `Connection: close`) and takes the answer apart. */
export async function rawRequest(port: number, text: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A refused request may end in a reset after the answer.
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(text);
  await closed;
  return parseAnswer(Buffer.concat(chunks));
}

/** A request line with Host and `Connection: close`, for `rawRequest`. */
export function rawGet(target: string, headers: readonly string[] = [], method = "GET"): string {
  return [`${method} ${target} HTTP/1.1`, "Host: mirror", "Connection: close", ...headers, "", ""].join(
    "\r\n",
  );
}

function parseAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`no answer, only ${bytes.length} bytes`);
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: Number(first.split(" ")[1]), headers, body: bytes.subarray(end + 4) };
}

/** A download that reads only when told to. */
export interface SlowDownload {
  readonly socket: Socket;
  /** Reads the rest; resolves to the body when the server closed the connection. */
  readonly finish: () => Promise<Buffer>;
}

/** Starts a download and stops reading after the first bytes. */
export async function startSlowDownload(
  port: number,
  target: string,
  headers: readonly string[] = [],
): Promise<SlowDownload> {
  const socket = connect({ port, host: "127.0.0.1" });
  const chunks: Uint8Array[] = [];
  socket.on("error", () => undefined);
  socket.write(rawGet(target, headers));
  await once(socket, "readable");
  chunks.push(socket.read() as Buffer);
  await sleep(50);
  return {
    socket,
    async finish() {
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      if (!socket.closed) await once(socket, "close");
      return parseAnswer(Buffer.concat(chunks)).body;
    },
  };
}
