import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gunzipSync } from "node:zlib";
import { buildSampleTree, itemPath, startUpstream, type TestUpstream } from "../../../helpers/upstream.ts";
import { ask } from "./ask.ts";

const INDEX = "streams/v1/index2.sjson";

let upstream: TestUpstream;
let path: string;
beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
  path = itemPath(upstream, "3.6.27");
});
afterAll(() => upstream.close());
beforeEach(() => upstream.clearRequests());

const askFor = (path: string, headers: Record<string, string> = {}) => ask(upstream.url + path, { headers });

describe("conditional requests", () => {
  test("answers 304 to a known ETag or date, for documents and tarballs", async () => {
    for (const target of [INDEX, path]) {
      const { headers } = await askFor(target);
      const byTag = await askFor(target, { "if-none-match": headers.etag ?? "" });
      const byDate = await askFor(target, { "if-modified-since": headers["last-modified"] ?? "" });
      const other = await askFor(target, { "if-none-match": '"other"' });
      expect([byTag.status, byDate.status, other.status]).toEqual([304, 304, 200]);
    }
  });

  test("compresses documents where accepted, under an ETag of their own, and never tarballs", async () => {
    const gzip = { "accept-encoding": "gzip" };
    const [plain, packed, tarball] = [
      await askFor(INDEX),
      await askFor(INDEX, gzip),
      await askFor(path, gzip),
    ];

    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    expect(packed.headers.etag).not.toBe(plain.headers.etag);
    const again = await askFor(INDEX, { ...gzip, "if-none-match": packed.headers.etag ?? "" });
    expect(again.status).toBe(304);
    expect(tarball.headers["content-encoding"]).toBeUndefined();
    expect(tarball.headers["content-type"]).toBe("application/x-gzip");
  });
});

describe("ranges", () => {
  test("sends the part asked, when If-Range names the same file", async () => {
    const { body, headers } = await askFor(path);
    const size = body.length;
    const same = await askFor(path, { range: "bytes=10-19", "if-range": headers.etag ?? "" });
    const dated = await askFor(path, { range: "bytes=-5", "if-range": headers["last-modified"] ?? "" });
    const other = await askFor(path, { range: "bytes=10-19", "if-range": '"other"' });

    expect(same.headers["content-range"]).toBe(`bytes 10-19/${size}`);
    expect(same.body.equals(body.subarray(10, 20))).toBe(true);
    expect(dated.headers["content-range"]).toBe(`bytes ${size - 5}-${size - 1}/${size}`);
    expect([same.status, dated.status, other.status]).toEqual([206, 206, 200]);
  });

  test("answers 416 beyond the end, and the whole file to several ranges or nonsense", async () => {
    const size = upstream.tree.items.get(path)?.size ?? 0;
    const beyond = await askFor(path, { range: `bytes=${size}-` });
    expect([beyond.status, beyond.headers["content-range"]]).toEqual([416, `bytes */${size}`]);
    expect((await askFor(path, { range: "bytes=0-1,4-5" })).status).toBe(200);
    expect((await askFor(path, { range: "lines=1" })).status).toBe(200);
  });
});

describe("records", () => {
  test("tells what was asked, in lines and in full", async () => {
    await askFor(path);
    await askFor(path, { range: "bytes=4-" });
    await askFor("streams/v1/com.ubuntu.juju%3Areleased%3Atools.json");

    expect(upstream.requests).toEqual([
      `GET ${path}`,
      `GET ${path} bytes=4-`,
      "GET streams/v1/com.ubuntu.juju:released:tools.json",
    ]);
    const size = upstream.tree.items.get(path)?.size ?? 0;
    expect(upstream.records.map(({ status, bytesSent }) => [status, bytesSent]).slice(0, 2)).toEqual([
      [200, size],
      [206, size - 4],
    ]);
  });

  test("answers HEAD without a body and 404 for what is not there", async () => {
    const head = await fetch(upstream.url + path, { method: "HEAD" });
    expect([head.status, (await head.text()).length]).toEqual([200, 0]);
    expect((await askFor("streams/v1/none.json")).status).toBe(404);
    expect((await fetch(new URL("/", upstream.url))).status).toBe(404);
  });
});

describe("publishes while it runs", () => {
  test("an index newer than the products, then the rest", async () => {
    await using upstream = await startUpstream({ releases: ["3.6.26"], arches: ["amd64"] });
    const next = await buildSampleTree({
      releases: ["3.6.26", "4.0.15"],
      arches: ["amd64"],
      updatedAt: new Date(0),
    });
    const agents = "streams/v1/com.ubuntu.juju-released-agents.json";
    const text = async (path: string) => (await ask(upstream.url + path)).body.toString();

    upstream.publish(next, ["index"]);
    expect(await text(INDEX)).toBe(next.text(INDEX));
    expect(await text(agents)).not.toContain("4.0.15");

    upstream.publish(next, ["products"]);
    expect(await text(agents)).toContain("4.0.15");
    expect((await ask(upstream.url + itemPath({ tree: next }, "4.0.15"))).status).toBe(404);

    upstream.publish(next);
    expect((await ask(upstream.url + itemPath({ tree: next }, "4.0.15"))).status).toBe(200);
  });

  test("between any two requests", async () => {
    await using upstream = await startUpstream({ releases: ["3.6.26"], arches: ["amd64"] });
    const gone = upstream.tree.withDocument(INDEX, undefined);
    upstream.onRequest(() => {
      if (upstream.requests.length === 2) upstream.publish(gone);
    });
    const statuses = [];
    for (let turn = 0; turn < 3; turn++) statuses.push((await ask(upstream.url + INDEX)).status);
    expect(statuses).toEqual([200, 404, 404]);
  });
});

describe("shapes its traffic", () => {
  test("waits before each answer", async () => {
    await using slow = await startUpstream({ tree: upstream.tree, latencyMs: 60 });
    expect((await ask(slow.url + INDEX)).durationMs).toBeGreaterThanOrEqual(59);
  });

  test("holds each connection to its rate, not all of them together", async () => {
    const options = { releases: ["3.6.27"], arches: ["amd64"], tarballBytes: 250_000 };
    await using slow = await startUpstream({ ...options, bytesPerSecondPerConnection: 1_000_000 });
    const url = slow.url + itemPath(slow, "3.6.27");
    const times = await Promise.all(Array.from({ length: 8 }, () => ask(url)));
    for (const { body, durationMs } of times) {
      expect(body.length).toBeGreaterThan(249_000);
      // A quarter of a second each; two seconds if they shared the rate.
      expect(durationMs).toBeGreaterThan(190);
      expect(durationMs).toBeLessThan(1_500);
    }
    expect([slow.connections, slow.peakRequests]).toEqual([8, 8]);
  });

  test("ends at once, whatever hangs", async () => {
    const hanging = await startUpstream({ tree: upstream.tree });
    hanging.fault(INDEX, { kind: "silence" });
    const asked = ask(hanging.url + INDEX, { patienceMs: 10_000 });
    while (hanging.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await hanging.close();
    expect((await asked).status).toBe(0);
  });
});
