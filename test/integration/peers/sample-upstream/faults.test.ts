import { gunzipSync } from "node:zlib";
import { afterEach, beforeAll, afterAll, beforeEach, expect, test, describe } from "vitest";
import {
  itemPath,
  localhostTls,
  startUpstream,
  type Fault,
  type TestUpstream,
} from "../../../helpers/upstream.ts";
import { ask, type Asked } from "./ask.ts";

let upstream: TestUpstream;
let path: string;
let whole: Buffer;
beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"], arches: ["amd64"] });
  path = itemPath(upstream, "3.6.27");
  whole = (await ask(upstream.url + path)).body;
});
afterAll(() => upstream.close());
beforeEach(() => upstream.clearRequests());
afterEach(() => upstream.clearFaults());

/** What a GET for the tarball meets under `fault`. */
async function meet(fault: Fault, headers: Record<string, string> = {}): Promise<Asked> {
  upstream.fault(path, fault);
  return ask(upstream.url + path, { headers });
}

describe("breaks off", () => {
  test.for(["fin", "rst"] as const)("after byte N by %s", async (how) => {
    const { status, headers, body, ending } = await meet({ kind: "cut", at: 500, how });

    expect({ status, length: headers["content-length"] }).toEqual({
      status: 200,
      length: String(whole.length),
    });
    expect(body.equals(whole.subarray(0, 500))).toBe(true);
    expect(ending).toBe(how === "fin" ? "cut" : "reset");
  });

  test("right after the header", async () => {
    const { status, body, ending } = await meet({ kind: "cut", at: 0 });
    expect({ status, bytes: body.length, ending }).toEqual({ status: 200, bytes: 0, ending: "cut" });
  });

  test("in the middle of chunks", async () => {
    const { headers, body, ending } = await meet({ kind: "cut", at: 500, framing: "chunked" });
    expect(headers["transfer-encoding"]).toBe("chunked");
    expect({ bytes: body.length, ending }).toEqual({ bytes: 500, ending: "cut" });
  });

  test("without any length, so that it looks complete", async () => {
    const { headers, body, ending } = await meet({ kind: "cut", at: 500, framing: "close" });
    expect(headers).not.toHaveProperty("content-length");
    expect(headers).not.toHaveProperty("transfer-encoding");
    expect({ bytes: body.length, ending }).toEqual({ bytes: 500, ending: "complete" });
  });

  test("counted from the start of the part that was asked", async () => {
    const { status, body } = await meet({ kind: "cut", at: 10 }, { range: "bytes=100-" });
    expect(status).toBe(206);
    expect(body.equals(whole.subarray(100, 110))).toBe(true);
  });
});

describe("is slow", () => {
  test("by stalling after byte N", async () => {
    const { status, body, ending } = await meet({ kind: "stall", at: 500 });
    expect({ status, bytes: body.length, ending }).toEqual({ status: 200, bytes: 500, ending: "stalled" });
  });

  test("by stalling after the header", async () => {
    const { status, body, ending } = await meet({ kind: "stall", at: 0 });
    expect({ status, bytes: body.length, ending }).toEqual({ status: 200, bytes: 0, ending: "stalled" });
  });

  test("by never answering", async () => {
    const { status, ending } = await meet({ kind: "silence" });
    expect({ status, ending }).toEqual({ status: 0, ending: "stalled" });
  });

  test("by a trickle from byte N on", async () => {
    const after = whole.length - 100;
    const { body, ending, durationMs } = await meet({ kind: "trickle", bytesPerSecond: 200, after });
    expect(ending).toBe("complete");
    expect(body.equals(whole)).toBe(true);
    expect(durationMs).toBeGreaterThan(400);
  });
});

describe("sends other bytes", () => {
  test.for([-5, 5])("%d more than metadata says, with a Content-Length to match", async (by) => {
    const { headers, body, ending } = await meet({ kind: "resize", by });
    expect(headers["content-length"]).toBe(String(whole.length + by));
    expect({ bytes: body.length, ending }).toEqual({ bytes: whole.length + by, ending: "complete" });
  });

  test("one byte is another, wherever the part starts", async () => {
    const all = await meet({ kind: "alter", at: 700 });
    const part = await ask(upstream.url + path, { headers: { range: "bytes=600-" } });

    const differing = [...all.body.keys()].filter((at) => all.body[at] !== whole[at]);
    expect(differing).toEqual([700]);
    expect(part.body.equals(all.body.subarray(600))).toBe(true);
  });

  test("a login page with status 200", async () => {
    const { status, headers, body } = await meet({ kind: "html" });
    expect({ status, type: headers["content-type"] }).toEqual({
      status: 200,
      type: "text/html; charset=utf-8",
    });
    expect(body.toString()).toMatch(/^<!DOCTYPE html>/);
  });

  test("nothing with status 200", async () => {
    const { status, body, ending } = await meet({ kind: "empty" });
    expect({ status, bytes: body.length, ending }).toEqual({ status: 200, bytes: 0, ending: "complete" });
  });

  test("a body without end", async () => {
    upstream.fault(path, { kind: "endless" });
    const { headers, body, ending } = await ask(upstream.url + path, { enoughBytes: 5_000_000 });
    expect(headers).not.toHaveProperty("content-length");
    expect(body.length).toBeGreaterThanOrEqual(5_000_000);
    expect(ending).toBe("stalled");
  });

  test("the tarball labelled, or really compressed, as Content-Encoding gzip", async () => {
    const labelled = await meet({ kind: "gzip", how: "label", times: 1 });
    const compressed = await meet({ kind: "gzip", how: "compress" });

    expect(labelled.headers["content-encoding"]).toBe("gzip");
    expect(labelled.body.equals(whole)).toBe(true);
    expect(gunzipSync(compressed.body).equals(whole)).toBe(true);
  });

  test("a document that unpacks to far more", async () => {
    upstream.fault("streams/v1/index2.sjson", { kind: "gzip-bomb", bytes: 64 * 1024 * 1024 });
    const { headers, body } = await ask(`${upstream.url}streams/v1/index2.sjson`);
    expect(headers["content-encoding"]).toBe("gzip");
    expect(body.length).toBeLessThan(200_000);
    expect(gunzipSync(body).length).toBe(64 * 1024 * 1024);
  });
});

describe("answers otherwise", () => {
  test.for([
    [7, "7"],
    [new Date("2030-01-01T00:00:00Z"), "Tue, 01 Jan 2030 00:00:00 GMT"],
    ["-1", "-1"],
  ] as const)("with Retry-After %s", async ([retryAfter, text]) => {
    const { status, headers } = await meet({ kind: "status", status: 429, retryAfter });
    expect({ status, after: headers["retry-after"] }).toEqual({ status: 429, after: text });
  });

  test("with an error so many times, then as it should", async () => {
    upstream.fault(path, { kind: "status", status: 503, times: 2 });
    const statuses = [];
    for (let turn = 0; turn < 4; turn++) statuses.push((await ask(upstream.url + path)).status);
    expect(statuses).toEqual([503, 503, 200, 200]);
  });

  test("by pattern, after letting some pass, one fault after the other", async () => {
    upstream.fault(/\.tgz$/, { kind: "status", status: 500, times: 1, skip: 1 });
    upstream.fault(path, { kind: "status", status: 403, times: 1, skip: 1 });
    const statuses = [];
    for (let turn = 0; turn < 4; turn++) statuses.push((await ask(upstream.url + path)).status);
    expect(statuses).toEqual([200, 500, 403, 200]);
  });

  test("with exactly what a test gives", async () => {
    const { status, headers, body } = await meet({
      kind: "respond",
      status: 407,
      headers: { "proxy-authenticate": "Basic" },
      body: "who?",
    });
    expect({ status, how: headers["proxy-authenticate"] }).toEqual({ status: 407, how: "Basic" });
    expect(body.toString()).toBe("who?");
  });

  test("with a redirect to a path, another origin, or itself", async () => {
    const other = "http://127.0.0.2:1/x";
    const targets = [];
    for (const to of ["agent/x.tgz", other, "file:///etc/passwd", "loop"]) {
      targets.push((await meet({ kind: "redirect", to, times: 1 })).headers.location);
    }
    expect(targets).toEqual([`${upstream.url}agent/x.tgz`, other, "file:///etc/passwd", upstream.url + path]);
  });

  test("with a redirect from https to http", async () => {
    await using secure = await startUpstream({ tree: upstream.tree, tls: localhostTls() });
    secure.fault(path, { kind: "redirect", to: upstream.url + path });
    const { Agent, get } = await import("node:https");
    const agent = new Agent({ ca: localhostTls().cert });
    const location = await new Promise((resolve, reject) => {
      get(secure.url + path, { agent }, (response) => resolve(response.resume().headers.location)).on(
        "error",
        reject,
      );
    });
    agent.destroy();
    expect(secure.url).toMatch(/^https:/);
    expect(location).toBe(upstream.url + path);
  });

  test("with more header than anybody accepts", async () => {
    const { ending } = await meet({ kind: "header-bomb", bytes: 100_000 });
    expect(ending).toBe("header-overflow");
  });
});

describe("treats resumption wrongly", () => {
  const part = { range: "bytes=4-" };

  test("by ignoring Range", async () => {
    const { status, body } = await meet({ kind: "ignore-range" }, part);
    expect({ status, bytes: body.length }).toEqual({ status: 200, bytes: whole.length });
  });

  test("by a new ETag each time, so that If-Range brings the whole file", async () => {
    const first = await meet({ kind: "change-etag" });
    const second = await ask(upstream.url + path, {
      headers: { ...part, "if-range": first.headers.etag ?? "" },
    });
    expect(second.headers.etag).not.toBe(first.headers.etag);
    expect(second.status).toBe(200);
  });

  test("by a new ETag and a part all the same", async () => {
    const first = await meet({ kind: "change-etag", blind: true });
    const second = await ask(upstream.url + path, {
      headers: { ...part, "if-range": first.headers.etag ?? "" },
    });
    expect(second.headers.etag).not.toBe(first.headers.etag);
    expect(second.status).toBe(206);
  });

  test("by naming no validator", async () => {
    const { headers } = await meet({ kind: "no-validators" });
    expect(headers).not.toHaveProperty("etag");
    expect(headers).not.toHaveProperty("last-modified");
  });

  test("by a Content-Range that is not what was asked", async () => {
    const { status, headers, body } = await meet({ kind: "content-range", by: 3 }, part);
    const size = whole.length;
    expect({ status, range: headers["content-range"] }).toEqual({
      status: 206,
      range: `bytes 7-${size + 2}/${size}`,
    });
    expect(body.equals(whole.subarray(4))).toBe(true);
  });

  test("by multipart/byteranges", async () => {
    const { status, headers, body } = await meet({ kind: "multipart" }, part);
    expect({ status, type: headers["content-type"] }).toEqual({
      status: 206,
      type: "multipart/byteranges; boundary=SEPARATOR",
    });
    expect(body.includes(whole.subarray(4))).toBe(true);
  });
});
