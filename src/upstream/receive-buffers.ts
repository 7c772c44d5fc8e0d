import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import type { OnReadOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setFlagsFromString } from "node:v8";

/** Twice what Node reads at once by itself: each read costs a turn through the parser and several streams. */
const RECEIVE_BYTES = 128 * 1024;

type OnCreated = (error: Error | null, stream: Duplex) => void;

/**
 * Agents whose connections receive into a buffer of their own, again and again. By itself Node allocates memory for each
 * read. What goes through a proxy is received as usual.
 */
export function receivingAgents(options: AgentOptions): { http: HttpAgent; https: HttpsAgent } {
  return { http: new ReceivingHttpAgent(options), https: new ReceivingHttpsAgent(options) };
}

class ReceivingHttpAgent extends HttpAgent {
  override createConnection(options: ClientRequestArgs, onCreated?: OnCreated): Duplex | null | undefined {
    return withBuffer((onread) => super.createConnection({ ...options, ...onread }, onCreated));
  }
}

class ReceivingHttpsAgent extends HttpsAgent {
  override createConnection(options: RequestOptions, onCreated?: OnCreated): Duplex | null | undefined {
    return withBuffer((onread) => super.createConnection({ ...options, ...onread }, onCreated));
  }
}

/** The connection that `connect` makes. Source: Node.js API, `net.connect` and `tls.connect`, option `onread` */
function withBuffer(
  connect: (option: { readonly onread: OnReadOpts }) => Duplex | null | undefined,
): Duplex | null | undefined {
  let buffer = takeBuffer();
  // The types call a connection a stream, because an agent may have others; these two do not.
  const socket = connect({
    onread: {
      buffer: () => buffer,
      callback(count) {
        const takesMore = (socket as Socket).push(buffer.subarray(0, count));
        // The parser has copied what it got. What nobody took yet stays in the stream, and the buffer with it.
        if ((socket as Socket).readableLength > 0) buffer = takeBuffer();
        return takesMore;
      },
    },
  });
  // What is read last waits in the stream in a buffer that was given up: this one nobody has.
  socket?.once("close", () => giveBack(buffer));
  return socket;
}

/** Buffers of connections that are closed, for the next ones: a cache server opens some in each second. */
const resting: Buffer[] = [];
const MOST_RESTING = 32;

function takeBuffer(): Buffer {
  return resting.pop() ?? Buffer.allocUnsafeSlow(RECEIVE_BYTES);
}

function giveBack(buffer: Buffer): void {
  if (resting.length < MOST_RESTING) resting.push(buffer);
}

/**
 * Frees the memory of a piece of a body that is done with. Node gives each piece memory of its own; V8 sees only the
 * small objects in front of it and would let some hundred megabytes pile up before it looks.
 */
export function freePiece({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}

/**
 * Keeps V8's nursery at the size that it has now. Each piece comes with a few small objects that live for milliseconds;
 * V8 would grow the nursery to several times 16 MiB for them.
 */
export function keepNurserySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
