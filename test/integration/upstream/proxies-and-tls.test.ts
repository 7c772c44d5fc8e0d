import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { temporaryStore } from "../../helpers/temporary-store.ts";
import { startUpstream } from "../../helpers/upstream.ts";
import { failureOf, fetchInto, INDEX, itemRequest, NEVER, openSource } from "./setup.ts";
import { startProxy } from "../../helpers/start-proxy.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"] };
const PATH = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";
const run = promisify(execFile);

let folder = "";
let caFile = "";
let tls: { key: string; cert: string };

/** An authority of our own and a certificate for 127.0.0.1 and example.test that it signed. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jam-ca-"));
  caFile = join(folder, "ca.pem");
  const openssl = (...words: string[]) => run("openssl", words, { cwd: folder });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=Test CA",
    "-days",
    "2",
  );
  await writeFile(join(folder, "san"), "subjectAltName=IP:127.0.0.1,DNS:example.test\n");
  await openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=example.test");
  const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san", "-days", "2"];
  await openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", ...sign);
  tls = {
    key: await readFile(join(folder, "server.key"), "utf8"),
    cert: await readFile(join(folder, "server.pem"), "utf8"),
  };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("TLS", () => {
  test("takes a server whose authority the operator names", async () => {
    await using upstream = await startUpstream({ ...ONE, tls });
    await using opened = await openSource(upstream, { caFile });

    expect(await opened.source.readDocument(INDEX, undefined, NEVER)).toMatchObject({ kind: "found" });
  });

  test("refuses a server whose authority nobody named, and says what to do", async () => {
    await using upstream = await startUpstream({ ...ONE, tls });
    await using opened = await openSource(upstream);

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_TLS");
    expect(error.hint).toContain("fetch.caFile");
    expect(opened.waits).toEqual([]);
  });

  test("refuses a certificate for another name", async () => {
    await using upstream = await startUpstream({ ...ONE, tls });
    await using opened = await openSource(upstream, {
      caFile,
      url: upstream.url.replace("127.0.0.1", "localhost"),
    });

    expect((await failureOf(opened.source.readDocument(INDEX, undefined, NEVER))).code).toBe(
      "JAM_UPSTREAM_TLS",
    );
  });

  test("refuses to speak TLS with a plain server", async () => {
    await using upstream = await startUpstream(ONE);
    await using opened = await openSource(upstream, { url: upstream.url.replace("http:", "https:") });

    expect((await failureOf(opened.source.readDocument(INDEX, undefined, NEVER))).code).toBe(
      "JAM_UPSTREAM_TLS",
    );
  });

  test("N7: gives up a server that never finishes the handshake", async () => {
    await using upstream = await startUpstream(ONE);
    const mute = createTcpServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}/`;
    await using opened = await openSource(upstream, { url, idleTimeoutMs: 150, retries: 0 });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));
    mute.close();

    expect(error.code).toBe("JAM_UPSTREAM_TIMEOUT");
  });

  test.for(["/does/not/exist.pem", "not a certificate"])(
    "names a file of authorities that is none: %s",
    async (file) => {
      await using upstream = await startUpstream(ONE);
      const named = file.startsWith("/") ? file : join(folder, "garbage.pem");
      if (named !== file) await writeFile(named, file);
      await using opened = await openSource(upstream, { caFile: named });

      const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

      expect(error.code).toBe("JAM_CONFIG_INVALID");
      expect(error.message).toContain(named);
    },
  );

  test("N5: never goes from https to plain http", async () => {
    await using plain = await startUpstream(ONE);
    await using upstream = await startUpstream({ ...ONE, tls });
    upstream.fault(INDEX, { kind: "redirect", to: `${plain.url}${INDEX}` });
    await using opened = await openSource(upstream, { caFile, redirectOrigins: [new URL(plain.url).origin] });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_REDIRECT");
    expect(error.message).toContain("plain http");
  });
});

describe("proxies", () => {
  test("forwards http, with the proxy's credentials", async () => {
    await using upstream = await startUpstream(ONE);
    await using proxy = await startProxy();
    const env = { http_proxy: proxy.url.replace("://", "://user:pa%40ss@") };
    await using opened = await openSource(upstream, { env });
    await using store = await temporaryStore();

    await opened.source.readDocument(INDEX, undefined, NEVER);
    await fetchInto(store, opened.source, itemRequest(upstream, PATH));

    expect(proxy.requests).toEqual([`GET ${upstream.url}${INDEX}`, `GET ${upstream.url}${PATH}`]);
    expect(proxy.authorizations[0]).toBe(`Basic ${btoa("user:pa@ss")}`);
  });

  test("tunnels https, by a name that only the proxy knows", async () => {
    await using upstream = await startUpstream({ ...ONE, tls });
    await using proxy = await startProxy();
    proxy.tunnelTo(upstream.port);
    const url = "https://example.test/juju/tools/";
    await using opened = await openSource(upstream, { url, caFile, env: { HTTPS_PROXY: proxy.url } });

    expect(await opened.source.readDocument(INDEX, undefined, NEVER)).toMatchObject({ kind: "found" });
    expect(proxy.requests).toEqual(["CONNECT example.test:443"]);
  });

  test.for(["127.0.0.1", "127.0.0.0/8", "*", "127.0.0.1-127.0.0.9", "other, 127.0.0.1"])(
    "goes around the proxy for NO_PROXY=%s",
    async (exempt) => {
      await using upstream = await startUpstream(ONE);
      await using proxy = await startProxy();
      await using opened = await openSource(upstream, { env: { HTTP_PROXY: proxy.url, NO_PROXY: exempt } });

      await opened.source.readDocument(INDEX, undefined, NEVER);

      expect(proxy.requests).toEqual([]);
      expect(upstream.requests).toHaveLength(1);
    },
  );

  test("takes a proxy without scheme as http, as curl does", async () => {
    await using upstream = await startUpstream(ONE);
    await using proxy = await startProxy();
    await using opened = await openSource(upstream, { env: { HTTP_PROXY: `127.0.0.1:${proxy.port}` } });

    await opened.source.readDocument(INDEX, undefined, NEVER);

    expect(proxy.requests).toHaveLength(1);
  });

  test("never goes around a proxy that it cannot use", async () => {
    await using upstream = await startUpstream(ONE);
    await using opened = await openSource(upstream, { env: { HTTP_PROXY: "socks5://127.0.0.1:1080" } });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_PROXY");
    expect(upstream.requests).toEqual([]);
  });
});

describe("N12: a proxy that fails", () => {
  const schemes = ["http", "https"] as const;
  const faults = [
    {
      name: "refuses the connection",
      spoil: (proxy: TestProxy) => proxy.stop(),
      tries: 3,
    },
    {
      name: "asks for credentials",
      spoil: (proxy: TestProxy) => proxy.refuse("407 Proxy Authentication Required"),
      tries: 1,
    },
    { name: "resets the connection", spoil: (proxy: TestProxy) => proxy.reset(), tries: 3 },
  ];
  const cases = schemes.flatMap((scheme) => faults.map((fault) => ({ scheme, ...fault })));

  test.for(cases)("$scheme: it $name, and is named", async ({ scheme, spoil, tries }) => {
    await using upstream = await startUpstream(scheme === "https" ? { ...ONE, tls } : ONE);
    await using proxy = await startProxy();
    spoil(proxy);
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url.replace("://", "://user:s3cret@") };
    await using opened = await openSource(upstream, { caFile, env, retries: 2 });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_PROXY");
    expect(error.message).toContain(`127.0.0.1:${proxy.port}`);
    expect(error.message).not.toContain("s3cret");
    expect(opened.waits).toHaveLength(tries - 1);
    expect(upstream.requests).toEqual([]);
  });

  test("http: its HTML is no metadata", async () => {
    await using upstream = await startUpstream(ONE);
    await using proxy = await startProxy();
    proxy.refuse("200 OK\r\ncontent-type: text/html", "<html>Blocked by policy</html>");
    await using opened = await openSource(upstream, { env: { HTTP_PROXY: proxy.url } });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_NOT_SIMPLESTREAMS");
    expect(error.message).toContain("Blocked by policy");
  });

  test("https: it never grants the tunnel", async () => {
    await using upstream = await startUpstream({ ...ONE, tls });
    const mute = createTcpServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const env = { HTTPS_PROXY: `http://127.0.0.1:${(mute.address() as AddressInfo).port}` };
    await using opened = await openSource(upstream, { caFile, env, idleTimeoutMs: 100, retries: 0 });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));
    mute.close();

    expect(error.code).toBe("JAM_UPSTREAM_TIMEOUT");
    expect(error.hint).toContain("proxy");
  });
});

type TestProxy = Awaited<ReturnType<typeof startProxy>>;
