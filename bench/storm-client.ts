/**
 * Clients of a server on this machine, on plain sockets, that print what they saw as JSON.
 *
 *   busy PORT CONNECTIONS MS PATHS [HEADER…]   connections that ask again as soon as they have an answer
 *   probe PORT MS PATH                         one new connection after the other
 *   storm PORT CLIENTS INDEX PATHS             each client asks on a connection of its own: the signed index, which is
 *                                              missing, the index, and a tarball
 *   paced PORT CLIENTS RATE INDEX PATHS        the same, and takes its tarball with RATE bytes a second
 *   hold PORT CONNECTIONS MS PATH              connections that ask once, and stay open for so long after the last one
 *
 * PATHS is a comma-separated list, of which one is chosen by turns.
 */
import { connect, type Socket } from "node:net";

const [mode = "", port = "0", ...rest] = process.argv.slice(2);

/** What one answer was. */
interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly ms: number;
}

/** Bytes that all connections received. */
let received = 0;

/** A connection that is asked one thing after the other. */
class Client {
  readonly socket: Socket;
  #left = 0;
  #bytes = 0;
  #status = 0;
  #startedAt = 0;
  #settle: ((answer: Answer | undefined) => void) | undefined;
  /** Bytes a second that are taken from now on; undefined for as many as come. */
  rate: number | undefined;

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(64 << 10);
    const callback = (count: number) => this.#receive(count, buffer);
    this.socket = connect({ port: Number(port), host: "127.0.0.1", onread: { buffer, callback } });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => this.#settle?.(undefined));
  }

  /** Undefined when the connection was refused, reset or cut. */
  ask(path: string, headers = ""): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      this.#startedAt = performance.now();
      this.#settle = resolve;
      if (this.socket.destroyed) resolve(undefined);
      else this.socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n${headers}\r\n`);
    });
  }

  #receive(count: number, buffer: Buffer): boolean {
    received += count;
    this.#bytes += count;
    if (this.#left === 0) {
      const head = buffer.toString("latin1", 0, Math.min(count, 2000));
      const end = head.indexOf("\r\n\r\n") + 4;
      this.#status = Number(head.slice(9, 12));
      const length = this.#status === 304 ? 0 : Number(/\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      this.#left = length + end;
      this.#bytes = count;
    }
    this.#left -= count;
    if (this.#left === 0) {
      const ms = performance.now() - this.#startedAt;
      this.#settle?.({ status: this.#status, bytes: this.#bytes, ms });
    }
    const aheadMs = this.rate === undefined ? 0 : this.#aheadMs(this.rate);
    if (aheadMs < 1) return true;
    setTimeout(() => this.socket.resume(), aheadMs);
    return false;
  }

  /** How long no more may be read at this rate. */
  #aheadMs(rate: number): number {
    return (1000 * this.#bytes) / rate - (performance.now() - this.#startedAt);
  }
}

const MODES: Readonly<Record<string, () => Promise<object>>> = { busy, probe, storm, paced, hold };

async function busy(): Promise<object> {
  const [connections = "1", ms = "1000", paths = "/", ...headers] = rest;
  const list = paths.split(",");
  const lines = headers.map((header) => `${header}\r\n`).join("");
  const end = performance.now() + Number(ms);
  const seen = { requests: 0, failed: 0, statuses: {} as Record<string, number> };
  let turn = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: Number(connections) }, async () => {
      const client = new Client();
      while (performance.now() < end) {
        const limit = new Promise<undefined>((resolve) => {
          setTimeout(() => resolve(undefined), end - performance.now()).unref();
        });
        const answer = await Promise.race([client.ask(list[turn++ % list.length] ?? "/", lines), limit]);
        if (answer === undefined) {
          if (performance.now() < end) seen.failed++;
          break;
        }
        seen.requests++;
        seen.statuses[answer.status] = (seen.statuses[answer.status] ?? 0) + 1;
      }
      client.socket.destroy();
    }),
  );
  return { ...seen, bytes: received, seconds: (performance.now() - startedAt) / 1000 };
}

async function probe(): Promise<object> {
  const [ms = "1000", path = "/"] = rest;
  const end = performance.now() + Number(ms);
  const latencies: number[] = [];
  let failed = 0;
  while (performance.now() < end) {
    const startedAt = performance.now();
    const client = new Client();
    const answer = await client.ask(path);
    if (answer === undefined) failed++;
    else latencies.push(performance.now() - startedAt);
    client.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { ...percentiles(latencies), failed };
}

async function storm(): Promise<object> {
  return rush(undefined, rest);
}

async function paced(): Promise<object> {
  const [clients = "100", rate = "700000", ...more] = rest;
  return rush(Number(rate), [clients, ...more]);
}

async function hold(): Promise<object> {
  const [connections = "1000", ms = "1000", path = "/"] = rest;
  const clients: Client[] = [];
  let failed = 0;
  // In groups, as many as wait to be accepted at a time.
  for (let left = Number(connections); left > 0; left -= 500) {
    const group = Array.from({ length: Math.min(500, left) }, () => new Client());
    const answers = await Promise.all(group.map((client) => client.ask(path)));
    failed += answers.filter((answer) => answer?.status !== 200).length;
    clients.push(...group);
  }
  await new Promise((resolve) => setTimeout(resolve, Number(ms)));
  failed += clients.filter(({ socket }) => socket.destroyed).length;
  for (const { socket } of clients) socket.destroy();
  return { failed };
}

async function rush(rate: number | undefined, parameters: readonly string[]): Promise<object> {
  const [clients = "100", index = "/", paths = "/"] = parameters;
  const list = paths.split(",");
  const first: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: Number(clients) }, async (_, at) => {
      const client = new Client();
      const missing = await client.ask(index.replace(/\.json$/, ".sjson"));
      if (missing !== undefined) first.push(missing.ms);
      const known = missing && (await client.ask(index));
      client.rate = rate;
      const tarball = known && (await client.ask(list[at % list.length] ?? "/"));
      if (missing?.status !== 404 || known?.status !== 200 || tarball?.status !== 200) failed++;
      client.socket.destroy();
    }),
  );
  return { ...percentiles(first), failed, seconds: (performance.now() - startedAt) / 1000 };
}

function percentiles(latencies: number[]): { count: number; p50: number; p99: number; max: number } {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

const run = MODES[mode];
if (run === undefined) throw new Error(`Unknown mode "${mode}".`);
process.stdout.write(JSON.stringify(await run()));
process.exitCode = 0;
