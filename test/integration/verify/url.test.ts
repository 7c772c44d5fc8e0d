/** `jam verify --url` with real servers between it and the mirror. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import type { VerifyUrlDocument } from "../../../src/verify/url/verify-url-document.ts";
import { goldenMirror } from "../../helpers/golden-mirror.ts";
import { jamHere } from "../../helpers/jam-here.ts";
import { serveBehindNginx, startNginx } from "../../helpers/nginx.ts";
import { peer } from "../../helpers/peers.ts";
import { startServe } from "../../helpers/running-jam.ts";

const golden = await goldenMirror();
const { folder, data } = golden.mirror;
await chmod(folder, 0o755);
const jam = await startServe(folder);
const nginx = peer("nginx");
const python = peer("python");
afterAll(async () => {
  await jam[Symbol.asyncDispose]();
  await golden[Symbol.asyncDispose]();
});

async function verifyUrl(url: string, ...flags: string[]) {
  const { status, stdout, stderr } = await jamHere(folder, ["verify", "--url", url, "-o", "json", ...flags]);
  expect(stdout, stderr).not.toBe("");
  const document = JSON.parse(stdout) as VerifyUrlDocument;
  const kinds = [...new Set(document.findings.map(({ kind }) => kind))].sort();
  return { status, document, kinds };
}

interface Proxied {
  readonly path: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** A proxy in front of `jam serve` that changes answers. */
async function startProxy(change: (answer: Proxied, request: IncomingMessage) => Partial<Proxied>) {
  const server = createServer((incoming, response) => void answer(incoming, response));
  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = "/", headers } = incoming;
    const upstream = request(new URL(url, jam.url), {
      method,
      headers: { ...headers, host: "jam", "accept-encoding": "identity" },
    });
    upstream.end();
    const [came] = (await once(upstream, "response")) as [IncomingMessage];
    const pieces: Buffer[] = [];
    for await (const piece of came) pieces.push(piece as Buffer);
    const own = came.headers as Record<string, string>;
    const before = { path: url, status: came.statusCode ?? 0, headers: own, body: Buffer.concat(pieces) };
    const after = { ...before, ...change(before, incoming) };
    const { "transfer-encoding": _chunked, ...rest } = after.headers;
    const isChanged = after.body !== before.body;
    response.writeHead(after.status, {
      ...rest,
      ...(isChanged ? { "content-length": `${after.body.length}` } : {}),
    });
    response.end(method === "HEAD" ? undefined : after.body);
  }
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/tools`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const isTarball = ({ path }: Proxied) => path.endsWith(".tgz");
const PAGE = Buffer.from("<html><head><title>Sign in</title></head></html>");

test("an address that jam serves is as it should be, with every tarball downloaded too", async () => {
  const { status, document } = await verifyUrl(`${jam.url}/tools`);
  expect(document.findings).toEqual([]);
  expect([status, document.verdict, document.checked.generations]).toEqual([0, "whole", 8]);
  const deep = await verifyUrl(jam.url, "--deep");
  expect([deep.status, deep.document.checked.downloaded]).toEqual([0, deep.document.checked.tarballs]);
  expect((await jamHere(folder, ["verify", "--url", jam.url])).stdout).toMatch(/^Served as it should be: /);
});

test.for([
  [
    "compresses tarballs",
    "url-encoding",
    (answer: Proxied, { headers }: IncomingMessage) =>
      isTarball(answer) && /gzip/.test(String(headers["accept-encoding"]))
        ? { body: gzipSync(answer.body), headers: { ...answer.headers, "content-encoding": "gzip" } }
        : {},
  ],
  [
    "compresses what nobody asked for",
    "url-encoding",
    (answer: Proxied) =>
      answer.path.endsWith(".json") && answer.status === 200
        ? { body: gzipSync(answer.body), headers: { ...answer.headers, "content-encoding": "gzip" } }
        : {},
  ],
  [
    "gives tarballs another type",
    "url-type",
    (answer: Proxied) =>
      isTarball(answer) ? { headers: { ...answer.headers, "content-type": "application/octet-stream" } } : {},
  ],
  [
    "gives the type a parameter",
    "url-type",
    (answer: Proxied) =>
      isTarball(answer)
        ? { headers: { ...answer.headers, "content-type": "application/x-gzip; charset=binary" } }
        : {},
  ],
  [
    "gives documents another type",
    "url-json-type",
    (answer: Proxied) =>
      answer.path.endsWith(".json") && answer.status === 200
        ? { headers: { ...answer.headers, "content-type": "text/plain" } }
        : {},
  ],
  [
    "answers with a page instead of the index",
    "url-error-page",
    (answer: Proxied) =>
      answer.path.endsWith("index2.json") ? { body: PAGE, headers: { "content-type": "text/html" } } : {},
  ],
  [
    "answers with a page instead of 404",
    "url-error-page",
    (answer: Proxied) =>
      answer.status === 404 ? { status: 200, body: PAGE, headers: { "content-type": "text/html" } } : {},
  ],
  [
    "answers with a page instead of tarballs",
    "url-error-page",
    (answer: Proxied) =>
      isTarball(answer) ? { status: 200, body: PAGE, headers: { "content-type": "text/html" } } : {},
  ],
  [
    "answers 403 instead of 404",
    "url-not-404",
    (answer: Proxied) => (answer.status === 404 ? { status: 403 } : {}),
  ],
  ["answers 503 for tarballs", "url-status", (answer: Proxied) => (isTarball(answer) ? { status: 503 } : {})],
  [
    "redirects tarballs",
    "url-redirect",
    (answer: Proxied) =>
      isTarball(answer) ? { status: 302, headers: { location: "http://cdn.example/" } } : {},
  ],
  [
    "has a signed index of its own",
    "url-present",
    (answer: Proxied) =>
      answer.path.endsWith("/index2.sjson") ? { status: 200, body: Buffer.from("{}"), headers: {} } : {},
  ],
  [
    "changes a document",
    "url-altered",
    (answer: Proxied) =>
      answer.path.includes("released-agents") && answer.status === 200
        ? { body: Buffer.from(answer.body.toString().replaceAll("3.6.27", "3.6.28")) }
        : {},
  ],
  [
    "changes a byte of tarballs",
    "url-tarball-altered",
    (answer: Proxied) => {
      if (!isTarball(answer)) return {};
      const body = Buffer.from(answer.body);
      body[9] = (body[9] ?? 0) ^ 1;
      return { body };
    },
  ],
  [
    "cuts tarballs",
    "url-tarball-altered",
    (answer: Proxied) => (isTarball(answer) ? { body: answer.body.subarray(0, 50) } : {}),
  ],
  [
    "answers ranges with other bytes",
    "url-range",
    (answer: Proxied) => (answer.status === 206 ? { body: Buffer.from(answer.body).reverse() } : {}),
  ],
  [
    "ignores ranges",
    "url-no-range",
    (_answer: Proxied, { headers }: IncomingMessage) => (headers.range === undefined ? {} : { status: 200 }),
  ],
  [
    "refuses HEAD",
    "url-head",
    (_answer: Proxied, { method }: IncomingMessage) => (method === "HEAD" ? { status: 405 } : {}),
  ],
] as const)("a proxy that %s is found: %s", async ([, kind, change]) => {
  await using proxy = await startProxy(change);
  const { status, kinds, document } = await verifyUrl(proxy.url);
  expect(kinds).toContain(kind);
  const isNote = document.findings.every(({ severity }) => severity === "note");
  expect(status).toBe(isNote ? 0 : 4);
  for (const { where, means, next } of document.findings) {
    expect(where).toMatch(/^http:/);
    expect([means, next]).not.toContain("");
  }
});

test("what a changed document lists is a difference in the look-ups of Juju, too", async () => {
  await using proxy = await startProxy((answer) =>
    answer.path.includes("-agents.json") && answer.status === 200
      ? { body: Buffer.from(answer.body.toString().replaceAll("3.6.27", "3.6.28")) }
      : {},
  );
  const { kinds, document } = await verifyUrl(proxy.url);
  expect(kinds).toContain("url-lookup");
  expect(document.findings.find(({ kind }) => kind === "url-lookup")?.found).toMatch(
    /^Juju [\d.]+ does not find/,
  );
});

test("wrong paths are found, with the right one", async () => {
  const base = jam.url;
  for (const wrong of [`${base}/tools/tools`, `${base}/mirror`, `${base}/tools/streams`]) {
    const { status, document } = await verifyUrl(wrong);
    expect([status, document.findings.map(({ kind }) => kind)]).toEqual([4, ["url-path"]]);
    expect(document.findings[0]?.found).toContain(`${base}/tools`);
  }
});

test("nobody there is not known, and no damage", async () => {
  const { status, kinds } = await verifyUrl("http://127.0.0.1:1/tools");
  expect([status, kinds]).toEqual([3, ["url-unreachable"]]);
});

test.for([
  [["--channel", "prod"], /--channel says/],
  [["--url", "ftp://x/"], /--url/],
] as const)("%s is refused", async ([flags, message]) => {
  const { status, stderr } = await jamHere(folder, ["verify", ...flags]);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

describe.skipIf(nginx.isMissing)(`nginx${nginx.note}`, () => {
  test("with the configuration of the guide, and with the one that jam prints, it serves as it should", async () => {
    await using plain = await startNginx(data);
    const guide = await verifyUrl(`${plain.url}/tools`, "--deep");
    expect(guide.document.findings.filter(({ severity }) => severity !== "note")).toEqual([]);
    expect(guide.status).toBe(0);
    await using printed = await serveBehindNginx(folder);
    const own = await verifyUrl(`${printed.url}/tools`, "--deep");
    expect(own.document.findings).toEqual([]);
  });
});

describe.skipIf(python.isMissing)(`python's http.server${python.note}`, () => {
  test("has the wrong type for tarballs and no ranges", async () => {
    const child = spawn("python3", ["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"], {
      cwd: data,
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const port = /port (\d+)/.exec(line.toString())?.[1];
      const { status, kinds } = await verifyUrl(`http://127.0.0.1:${port}/tools`);
      expect([status, kinds]).toEqual([4, ["url-no-range", "url-type", "url-type-beta"]]);
    } finally {
      child.kill();
    }
  });
});

test("the address of the mirror given for a channel is named, and the other way round", async () => {
  await using copy = await golden.copy();
  await using own = await startServe(copy.path);
  const channel = (...args: string[]) => jamHere(copy.path, ["channel", ...args, "--reason", "a test"]);
  await channel("create", "prod", "--from", "mirror");
  await channel("create", "lab", "--from", "mirror");
  const { stdout: listed } = await jamHere(copy.path, ["list", "-o", "json"]);
  const versions = [...new Set(listed.match(/(?<="version": ")\d[^"]+/g))];
  await channel("hold", "prod", versions[0] ?? "");
  await channel("hold", "lab", versions.at(-1) ?? "");
  for (const name of ["prod", "lab"]) expect((await channel("promote", name)).status).toBe(0);
  // Another address of the mirror, or a proxy that leads astray, would look the same.
  await channel("create", "twin", "--from", "mirror");
  expect((await channel("promote", "twin")).status).toBe(0);
  const alike = async (path: string, ...args: string[]) => {
    const { status, stdout } = await jamHere(copy.path, ["verify", "--url", `${own.url}${path}`, ...args]);
    return [
      status,
      /^note {2}url-same-snapshot.*\n.*\n.*(?= show the same snapshot now)/m.exec(stdout)?.[0].trim(),
    ];
  };
  expect(await alike("/tools", "--channel", "twin")).toEqual([
    0,
    expect.stringContaining("the mirror and twin"),
  ]);
  expect(await alike("/tools")).toEqual([0, undefined]);
  expect(await alike("/channel/twin/tools")).toEqual([0, undefined]);
  const look = async (path: string, name: string) => {
    const args = ["verify", "--url", `${own.url}${path}`, "--channel", name, "-o", "json"];
    const { status, stdout } = await jamHere(copy.path, args);
    const { findings } = JSON.parse(stdout) as VerifyUrlDocument;
    return [status, findings.find(({ kind }) => kind.startsWith("url-other"))?.found];
  };
  expect(await look("/tools", "prod")).toEqual([
    4,
    "this is the address of the mirror; prod is at /channel/prod/tools",
  ]);
  expect(await look("/channel/prod/tools", "mirror")).toEqual([
    4,
    "this is the address of prod; the mirror is at /tools",
  ]);
  expect(await look("/channel/lab/tools", "prod")).toEqual([
    4,
    "this is the address of lab; prod is at /channel/prod/tools",
  ]);
  expect(await look("/channel/prod/tools", "prod")).toEqual([0, undefined]);
});

test("a cache that kept an earlier index is found", async () => {
  await using copy = await golden.copy();
  await using old = await startServe(copy.path);
  // The mirror moves on; what is served is the state before.
  golden.upstream.publish(
    await golden.upstream.tree.withEdited("streams/v1/index2.json", (index) => {
      index["updated"] = new Date(Date.now() + 60_000).toUTCString().replace("GMT", "+0000");
    }),
  );
  await golden.mirror.configure({ deny: [{ version: "3.6.27", reason: "a test" }] });
  await golden.mirror.sync({ allow: ["mass-removal"] });
  const { status, kinds } = await verifyUrl(`${old.url}/tools`);
  expect([status, kinds]).toEqual([4, expect.arrayContaining(["url-stale"])]);
  const other = await goldenMirror();
  await using _gone = other;
  await using foreign = await startServe(other.mirror.folder);
  expect((await verifyUrl(`${foreign.url}/tools`)).kinds).toContain("url-other-mirror");
});
