/** What `jam nginx-config` adds to the rules of `contract-rules`: refusals, ranges, codings, and what nginx must not show. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { serveBehindNginx, type Nginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { itemPath, startUpstream, type TestUpstream } from "../helpers/upstream.ts";
import { runJam, temporaryFolder } from "../helpers/jam-process.ts";

const nginx = peer("nginx");
const INDEX = "/tools/streams/v1/index2.json";

describe.skipIf(nginx.isMissing)(`nginx with the output of jam nginx-config${nginx.note}`, () => {
  let upstream: TestUpstream;
  let mirror: TestMirror;
  let server: Nginx;
  let tarball: string;

  beforeAll(async () => {
    upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
    mirror = await temporaryMirror(upstream, { select: [{ stream: "*" }] });
    expect((await mirror.sync()).outcome).toBe("updated");
    server = await serveBehindNginx(mirror.folder);
    tarball = `/tools/${itemPath(upstream, "3.6.27")}`;
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await mirror[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${server.url}${path}`, { redirect: "manual", ...init });

  test.for([
    "/state/mirror.json",
    "/snapshots/",
    "/blobs/sha256",
    "/refs/mirror/tools/streams/v1/index2.json",
    "/lock.db",
    "/format",
    "/as-application-gzip/format",
    "/tools/",
    "/tools/agent/",
    "/tools/streams",
    "/tools/streams/v1",
    "/tools/agent",
    "/tools//streams/v1/index2.json",
    "/tools/%2e%2e/format",
    "/tools/streams/v1/index2.sjson",
    "/tools/streams/v1/mirrors.json",
    "/tools/agent/9.9.9/juju-9.9.9-ubuntu-amd64.tgz",
  ])("answers %s with 404 and a small body, as jam does", async (path) => {
    for (const accept of ["*/*", "application/gzip"]) {
      const response = await get(path, { headers: { accept } });
      expect([response.status, await response.json()]).toMatchObject([404, { code: "JAM_NOT_FOUND" }]);
    }
  });

  test.for(["POST", "PUT", "DELETE"])("refuses %s on files", async (method) => {
    for (const path of [INDEX, tarball, "/tools/"]) {
      const response = await get(path, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      expect(await response.json()).toMatchObject({ code: "JAM_METHOD_NOT_ALLOWED" });
    }
  });

  test("sends one range, the whole file for several, and 304 for what is known", async () => {
    for (const accept of ["*/*", "application/gzip"]) {
      const part = await get(tarball, { headers: { accept, range: "bytes=10-19" } });
      expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
      const parts = await get(tarball, { headers: { accept, range: "bytes=0-1,5-6" } });
      expect(parts.status).toBe(200);
      const etag = part.headers.get("etag") ?? "";
      expect((await get(tarball, { headers: { accept, "if-none-match": etag } })).status).toBe(304);
      const beyond = await get(tarball, { headers: { accept, range: "bytes=999999999-" } });
      expect(beyond.status).toBe(416);
    }
    const { headers } = await get(INDEX);
    const known = await get(INDEX, { headers: { "if-none-match": headers.get("etag") ?? "" } });
    expect(known.status).toBe(304);
  });

  test("HEAD has the head of GET", async () => {
    for (const path of [INDEX, tarball]) {
      const [head, whole] = [await get(path, { method: "HEAD" }), await get(path)];
      expect([head.status, head.headers.get("content-type"), head.headers.get("etag")]).toEqual([
        200,
        whole.headers.get("content-type"),
        whole.headers.get("etag"),
      ]);
      expect((await head.arrayBuffer()).byteLength).toBe(0);
    }
  });

  test("compresses documents, and says how long each may be kept", async () => {
    const index = (await (await get(INDEX)).json()) as { index: Record<string, { path: string }> };
    const [{ path } = { path: "" }] = Object.values(index.index);
    const product = await get(`/tools/${path}`, { headers: { "accept-encoding": "gzip" } });
    expect([product.headers.get("content-encoding"), product.headers.get("content-type")]).toEqual([
      "gzip",
      "application/json",
    ]);
    expect(product.headers.get("cache-control")).toContain("immutable");
    expect((await get(INDEX)).headers.get("cache-control")).toBe("public, no-cache");
    expect((await get(tarball)).headers.get("cache-control")).toContain("no-transform");
  });

  test("passes questions, pages and the face with upstream's signatures to jam", async () => {
    expect((await get("/readyz")).status).toBe(200);
    expect(await (await get("/")).text()).toContain(`${new URL(server.url).host}/tools`);
    const status = (await (await get("/api/v1/status")).json()) as { snapshot: unknown };
    expect(status.snapshot).toBeDefined();
    const body = JSON.stringify({ questions: [{ current: "3.6.26" }] });
    const answers = await get("/api/v1/which", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    expect([answers.status, Object.keys((await answers.json()) as object)]).toEqual([200, ["answers"]]);
    expect((await get("/upstream/tools/streams/v1/index2.sjson")).status).toBe(200);
    for (const accept of ["*/*", "application/gzip"]) {
      const response = await get(`/upstream${tarball}`, { headers: { accept } });
      const type = accept === "*/*" ? "application/x-gzip" : accept;
      expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
      const own = await get(tarball);
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(await own.arrayBuffer()))).toBe(
        true,
      );
    }
  });
});

test("is refused for a cache, whose folder does not contain what its index lists", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.26"] });
  await using mirror = await temporaryMirror(upstream, { mode: "cache" });
  const { status, stdout, stderr } = await mirror.here("nginx-config");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain("proxy_pass");
});

test("quotes the data directory, and refuses one that nginx cannot name", async () => {
  await using folder = await temporaryFolder();
  const print = (data: string, ...flags: string[]) =>
    runJam(["nginx-config", "--data", join(folder.path, data), ...flags], { cwd: folder.path });
  const { stdout } = await print('my "mirror"');
  expect(stdout).toContain(`root "${folder.path}/my \\"mirror\\"";`);
  expect(stdout).toContain("listen 0.0.0.0:80;");
  expect(await print("$mirror")).toMatchObject({ status: 2, stdout: "" });
  expect(await print("mirror", "--nginx-listen", "80")).toMatchObject({ status: 2, stdout: "" });
  const json = await print("mirror", "-o", "json");
  expect(JSON.parse(json.stdout)).toEqual({ config: expect.stringContaining("sendfile on;") as string });
});
