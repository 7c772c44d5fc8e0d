/**
 * Many small upstreams behind one server, one per question: what streams list, and nothing else.
 *
 * ```ts
 * await using upstreams = await serveStreams(questions.map(({ streams }) => streams), "agents");
 * upstreams.url(7)    // agent-metadata-url of question 7
 * ```
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Stream to versions; a stream that is absent has no entry in the index. */
export type Streams = Readonly<Record<string, readonly string[]>>;

export interface StreamsServer extends AsyncDisposable {
  url(question: number): string;
}

/** `agents` by OS type (ubuntu), `tools` by series (focal); every version is there for amd64. */
export async function serveStreams(
  all: readonly Streams[],
  family: "agents" | "tools",
): Promise<StreamsServer> {
  const server = createServer((request, response) => {
    const [, number = "", path = ""] = /^\/(\d+)\/tools\/(.*)$/.exec(request.url ?? "") ?? [];
    const text = documentAt(path, all[Number(number)] ?? {}, family);
    response.writeHead(text === undefined ? 404 : 200, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (question) => `http://127.0.0.1:${port}/${question}/tools`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const WORDS = {
  agents: { product: "com.ubuntu.juju:ubuntu:amd64", release: "ubuntu" },
  tools: { product: "com.ubuntu.juju:20.04:amd64", release: "focal" },
} as const;

function documentAt(path: string, streams: Streams, family: "agents" | "tools"): string | undefined {
  if (path === "streams/v1/index2.json") return index(streams, family);
  const stream = /^streams\/v1\/(.+)\.products\.json$/.exec(path)?.[1];
  return stream === undefined || streams[stream] === undefined
    ? undefined
    : products(streams[stream], family);
}

function index(streams: Streams, family: "agents" | "tools"): string {
  const entries = Object.entries(streams).map(([stream, versions]) => [
    `com.ubuntu.juju:${stream}:${family}`,
    {
      datatype: "content-download",
      path: `streams/v1/${stream}.products.json`,
      products: versions.length === 0 ? [] : [WORDS[family].product],
    },
  ]);
  return JSON.stringify({ format: "index:1.0", index: Object.fromEntries(entries) });
}

function products(versions: readonly string[], family: "agents" | "tools"): string {
  const { product, release } = WORDS[family];
  const items = versions.map((version) => [
    version,
    { version, release, arch: "amd64", path: `agent/${version}.tgz`, size: 1, sha256: "00" },
  ]);
  const collection = { items: Object.fromEntries(items) };
  return JSON.stringify({
    format: "products:1.0",
    products: { [product]: { versions: { 20260101: collection } } },
  });
}
