import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { JamError } from "../shared/errors.ts";
import type { ReaderPace } from "./response-writer.ts";

/** Limits that no single client can hold the server up beyond. */
export interface ServerLimits {
  /** Time for a request's headers. Default 10 000. */
  readonly headersTimeoutMs: number;
  /** Time for a whole request, its body included; answers may take as long as they need. Default 30 000. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays open. Default 65 000: longer than the usual proxy's minute. */
  readonly keepAliveTimeoutMs: number;
  /** How often the limits are looked at. Default 1 000. */
  readonly checkIntervalMs: number;
  /** Further connections are answered with 503. Default 10 000. */
  readonly maxConnections: number;
  /** The least a reader must take. Default 64 KiB in 30 s. */
  readonly readerPace: ReaderPace;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  checkIntervalMs: 1_000,
  maxConnections: 10_000,
  readerPace: { minBytes: 65_536, windowMs: 30_000 },
};

/** Connections that wait to be accepted; the kernel makes it its own limit (`net.core.somaxconn`) where that is less. */
const BACKLOG = 4_096;

/** Where to listen; port 0 picks a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** How to listen. */
export interface ListenOptions {
  /** Several listen on this port, and the kernel divides the connections among them. Default false. */
  readonly isShared?: boolean;
}

/** Where the server listens now. */
export interface Listening extends ListenAddress {
  /** `http://127.0.0.1:8080`, without a trailing slash. */
  readonly url: string;
}

/** A Node HTTP server with these limits. */
export function createHardenedServer(handler: RequestListener, limits: ServerLimits): Server {
  // An import reads every export of the module, and some load an HTTP client that nobody here uses: 5 MB and more.
  const server = process.getBuiltinModule("node:http").createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: 16_384,
    },
    handler,
  );
  // Silence in both directions; a reader that takes nothing at all is cut off by this.
  server.setTimeout(limits.readerPace.windowMs);
  return server;
}

/**
 * Starts listening.
 * @throws JamError JAM_LISTEN_FAILED
 */
export async function listenOn(
  server: Server,
  address: ListenAddress,
  { isShared = false }: ListenOptions = {},
): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => reject(cannotListen(address, cause));
    server.once("error", onError);
    server.listen({ port: address.port, host: address.host, backlog: BACKLOG, reusePort: isShared }, () => {
      server.off("error", onError);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;
  const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return { url: `http://${host}:${bound.port}`, host: bound.address, port: bound.port };
}

/**
 * Ends the server: no new connections, idle ones closed, running answers may end for `drainMs`, then what is left is
 * cut off. Resolves when the last connection is gone.
 */
export async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // An answer that began before the drain keeps its connection open; it is closed once it is idle.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(deadline);
  }
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "Another process has this port. Stop it, or choose another one with --listen.",
  ENOTSUP: "This system cannot divide a port among workers. Set server.workers to 1.",
  EACCES: "Ports below 1024 need a privilege. Choose a higher one with --listen.",
  EADDRNOTAVAIL: "No network interface of this machine has this address. Choose another one with --listen.",
  ENOTFOUND: "This host name has no address. Use an address of this machine with --listen.",
};

function cannotListen({ host, port }: ListenAddress, cause: NodeJS.ErrnoException): JamError {
  const reason = cause.code ?? cause.message;
  return new JamError("JAM_LISTEN_FAILED", `Cannot listen on ${host}:${port}: ${reason}.`, {
    cause,
    hint: LISTEN_HINTS[reason] ?? "Check the address, or choose another one with --listen.",
    details: { host, port },
  });
}
