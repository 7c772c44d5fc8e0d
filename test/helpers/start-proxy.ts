import { once } from "node:events";
import { createServer, request as sendRequest, type RequestListener } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy that forwards HTTP and tunnels HTTPS, and notes what passes. */
export interface TestProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** `GET http://…` and `CONNECT host:port`, with the credentials that came along. */
  readonly requests: string[];
  readonly authorizations: (string | undefined)[];
  /** Answers requests for URLs that start so by itself; names need not exist. */
  answer(prefix: string, listener: RequestListener): void;
  /** Sends tunnels to this port of 127.0.0.1, whatever name was asked for. */
  tunnelTo(port: number): void;
  /** Answers every request, tunnels too, with this status line and body. */
  refuse(statusLine: string, body?: string): void;
  /** Listens no longer. */
  stop(): void;
  /** Resets every connection. */
  reset(): void;
}

/** A running proxy on a free port. */
export async function startProxy(): Promise<TestProxy> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const answers: { prefix: string; listener: RequestListener }[] = [];
  let refusal: string | undefined;
  let resets = false;
  let tunnelPort: number | undefined;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers["proxy-authorization"]);
    if (resets) return void request.socket.resetAndDestroy();
    if (refusal !== undefined) return void request.socket.end(refusal);
    const own = answers.find(({ prefix }) => request.url?.startsWith(prefix) === true);
    if (own !== undefined) return own.listener(request, response);
    const forwarded = sendRequest(
      request.url ?? "",
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on("error", () => response.writeHead(502).end("proxy: no upstream"));
    forwarded.end();
  });
  server.on("connect", (request, client: Socket) => {
    requests.push(`CONNECT ${request.url}`);
    authorizations.push(request.headers["proxy-authorization"]);
    client.on("error", () => client.destroy());
    if (resets) return void client.resetAndDestroy();
    if (refusal !== undefined) return void client.end(refusal);
    const upstream = connect(tunnelPort ?? Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    authorizations,
    answer: (prefix, listener) => answers.push({ prefix, listener }),
    tunnelTo: (port) => (tunnelPort = port),
    refuse: (statusLine, body = "") =>
      (refusal = `HTTP/1.1 ${statusLine}\r\nconnection: close\r\n\r\n${body}`),
    reset: () => (resets = true),
    stop,
    async [Symbol.asyncDispose]() {
      stop();
    },
  };
}
