import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";

import { JamError } from "../../../src/shared/errors.ts";
import type { StagedBlob } from "../../../src/store/store.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { itemPath, startUpstream, type Fault } from "../../helpers/upstream.ts";
import { failureOf, fetchInto, itemRequest, leavePartial, NEVER, openSource } from "./setup.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"], tarballBytes: 200_000 };
const PATH = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";

async function startOne() {
  const upstream = await startUpstream(ONE);
  expect(itemPath(upstream, "3.6.27")).toBe(PATH);
  return { upstream, item: itemRequest(upstream, PATH) };
}

test("fetches a tarball as it is and counts its bytes", async () => {
  const { upstream, item } = await startOne();
  await using _ = upstream;
  await using store = await temporaryStore();
  await using opened = await openSource(upstream);

  const log = await fetchInto(store, opened.source, item);

  expect(await store.blobs.stat(item.sha256)).toMatchObject({ size: item.size });
  expect(log).toEqual({ bytes: item.size, retries: [] });
  expect(upstream.requests).toEqual([`GET ${PATH}`]);
  expect(upstream.records[0]?.headers).toMatchObject({
    "accept-encoding": "identity",
    "user-agent": "jam/test",
  });
});

test("resumes a cut-off download with one Range request", async () => {
  const { upstream, item } = await startOne();
  await using _ = upstream;
  await using store = await temporaryStore();
  await using opened = await openSource(upstream);
  upstream.fault(PATH, { kind: "cut", at: 4, times: 1 });

  const log = await fetchInto(store, opened.source, item);

  expect(upstream.requests).toEqual([`GET ${PATH}`, `GET ${PATH} bytes=4-`]);
  expect(upstream.records[1]?.headers["if-range"]).toMatch(/^"/);
  expect(log.bytes).toBe(item.size);
});

test("goes on in a later run where an earlier one stopped", async () => {
  const { upstream, item } = await startOne();
  await using _ = upstream;
  await using store = await temporaryStore();
  await using opened = await openSource(upstream, { retries: 0 });
  upstream.fault(PATH, { kind: "cut", at: 70_000, times: 1 });
  expect((await failureOf(fetchInto(store, opened.source, item))).code).toBe("JAM_UPSTREAM_TRUNCATED");

  const log = await fetchInto(store, opened.source, item);

  expect(upstream.requests).toEqual([`GET ${PATH}`, `GET ${PATH} bytes=70000-`]);
  expect(log.bytes).toBe(item.size - 70_000);
});

describe("N1: a body that ends early", () => {
  const framings = ["content-length", "chunked", "close"] as const;
  const ends = ["fin", "rst"] as const;
  const cases = framings.flatMap((framing) => ends.map((how) => ({ framing, how })));

  test.for(cases)("is completed after $framing with $how", async ({ framing, how }) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    for (let part = 1; part < 16; part += 1) {
      upstream.fault(PATH, { kind: "cut", at: Math.floor((item.size * part) / 16), framing, how, times: 1 });
      upstream.fault(PATH, { kind: "cut", at: 0, framing, how, times: 1 });
      await fetchInto(store, opened.source, item);
      expect(await store.blobs.stat(item.sha256)).toMatchObject({ size: item.size });
      await store.blobs.delete(item.sha256);
      upstream.clearFaults();
    }
  });

  test("gives up after the retries, names the place, and keeps what came", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream, { retries: 2 });
    upstream.fault(PATH, { kind: "cut", at: 100 });

    const error = await failureOf(fetchInto(store, opened.source, item));

    expect(error.code).toBe("JAM_UPSTREAM_TRUNCATED");
    expect(error.message).toContain(PATH);
    expect(upstream.requests).toHaveLength(3);
    expect((await store.blobs.stage(item.sha256)).received).toBe(300);
  });
});

describe("N2: other bytes than promised", () => {
  test("get one fresh start, then the item is refused", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "alter", at: 1234 });

    const error = await failureOf(fetchInto(store, opened.source, item));

    expect(error.code).toBe("JAM_ITEM_HASH_MISMATCH");
    expect(upstream.requests).toEqual([`GET ${PATH}`, `GET ${PATH}`]);
    expect(await store.blobs.stat(item.sha256)).toBeUndefined();
  });

  test("are mended when the fresh start brings the right ones", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "alter", at: 1234, times: 1 });

    const log = await fetchInto(store, opened.source, item);

    expect(log).toEqual({ bytes: item.size, retries: ["JAM_ITEM_HASH_MISMATCH"] });
  });

  test.for([-1, 1, -1000, 1000])(
    "a file that is %i bytes off is refused before it is fetched",
    async (by) => {
      const { upstream, item } = await startOne();
      await using _ = upstream;
      await using store = await temporaryStore();
      await using opened = await openSource(upstream);
      upstream.fault(PATH, { kind: "resize", by });

      const error = await failureOf(fetchInto(store, opened.source, item));

      expect(error.code).toBe("JAM_ITEM_SIZE_MISMATCH");
      expect(upstream.requests).toEqual([`GET ${PATH}`, `GET ${PATH}`]);
    },
  );
});

describe("N3: a file that changed since its start was fetched", () => {
  const faults: { readonly name: string; readonly fault: Fault; readonly requests: number }[] = [
    { name: "200 in place of 206", fault: { kind: "ignore-range" }, requests: 1 },
    { name: "another ETag", fault: { kind: "change-etag", times: 1 }, requests: 1 },
    { name: "another ETag on a 206", fault: { kind: "change-etag", blind: true, times: 1 }, requests: 2 },
    { name: "a Content-Range that is off", fault: { kind: "content-range", by: 1, times: 1 }, requests: 2 },
    { name: "multipart/byteranges", fault: { kind: "multipart", times: 1 }, requests: 2 },
    { name: "416", fault: { kind: "status", status: 416, times: 1 }, requests: 2 },
  ];

  test.for(faults)("starts over after $name", async ({ fault, requests }) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "cut", at: 5000, times: 1 });
    await failureOf(fetchInto(store, (await openSource(upstream, { retries: 0 })).source, item));
    upstream.clearFaults();
    upstream.clearRequests();
    upstream.fault(PATH, fault);

    const log = await fetchInto(store, opened.source, item);

    expect(upstream.requests[0]).toBe(`GET ${PATH} bytes=5000-`);
    expect(upstream.requests).toHaveLength(requests);
    expect(log.bytes).toBe(item.size - 5000);
    expect(await store.blobs.stat(item.sha256)).toMatchObject({ size: item.size });
  });

  test("never mixes two files: a foreign start is found out by the hash and fetched anew", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "no-validators" });
    await leavePartial(store, item, { bytes: new Uint8Array(1000) });

    const log = await fetchInto(store, opened.source, item);

    expect(upstream.requests).toEqual([`GET ${PATH} bytes=1000-`, `GET ${PATH}`]);
    expect(log).toEqual({ bytes: item.size - 1000, retries: ["JAM_ITEM_HASH_MISMATCH"] });
  });

  test("asks for no range with a weak ETag as a condition", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    await leavePartial(store, item, { bytes: new Uint8Array(10), validator: 'W/"1"' });

    await fetchInto(store, opened.source, item);

    expect(upstream.records[0]?.headers).not.toHaveProperty("if-range");
  });
});

test.for([
  {
    name: "HTML",
    fault: { kind: "html" } as Fault,
    code: "JAM_UPSTREAM_NOT_SIMPLESTREAMS",
    text: "<!DOCTYPE html>",
  },
  { name: "JSON", fault: json('{"error":"quota"}'), code: "JAM_UPSTREAM_NOT_SIMPLESTREAMS", text: "quota" },
  { name: "nothing", fault: { kind: "empty" } as Fault, code: "JAM_ITEM_SIZE_MISMATCH", text: "offers 0" },
])("N4: $name with 200 is no tarball", async ({ fault, code, text }) => {
  const { upstream, item } = await startOne();
  await using _ = upstream;
  await using store = await temporaryStore();
  await using opened = await openSource(upstream);
  upstream.fault(PATH, fault);

  const error = await failureOf(fetchInto(store, opened.source, item));

  expect(error.code).toBe(code);
  expect(error.message).toContain(`${upstream.url}${PATH}`);
  expect(error.message).toContain(text);
});

function json(body: string): Fault {
  return { kind: "respond", status: 200, headers: { "content-type": "application/json" }, body };
}

describe("N6: statuses", () => {
  test.for([401, 403, 404, 410, 400])("%i is final", async (status) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "status", status });

    const error = await failureOf(fetchInto(store, opened.source, item));

    expect(error.code).toBe(
      status === 404 || status === 410 ? "JAM_UPSTREAM_NOT_FOUND" : "JAM_UPSTREAM_STATUS",
    );
    expect(error.details).toMatchObject({ status });
    expect(error.hint).toBeDefined();
    expect(upstream.requests).toHaveLength(1);
  });

  test.for([408, 425, 429, 500, 502, 503, 504])("%i passes", async (status) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "status", status, times: 2 });

    const log = await fetchInto(store, opened.source, item);

    expect(log.retries).toEqual(["JAM_UPSTREAM_STATUS", "JAM_UPSTREAM_STATUS"]);
    expect(opened.waits).toEqual([500, 1000]);
  });

  test.for([
    { name: "seconds", retryAfter: 7, waits: [7000] },
    { name: "far too many seconds", retryAfter: 10 ** 9, waits: [300_000] },
    { name: "negative seconds", retryAfter: -5, waits: [500] },
    { name: "nonsense", retryAfter: "soon", waits: [500] },
  ])("waits as Retry-After asks: $name", async ({ retryAfter, waits }) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "status", status: 503, retryAfter, times: 1 });

    await fetchInto(store, opened.source, item);

    expect(opened.waits).toEqual(waits);
  });

  test("waits until the date that Retry-After names", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, {
      kind: "status",
      status: 429,
      retryAfter: new Date(Date.now() + 20_000),
      times: 1,
    });

    await fetchInto(store, opened.source, item);

    expect(opened.waits[0]).toBeGreaterThan(17_000);
    expect(opened.waits[0]).toBeLessThan(21_000);
  });
});

describe("N7: a slow upstream", () => {
  const pace = { minBytesPerSecond: 10_000, windowMs: 300 };

  test.for([
    { name: "a stall in the middle", fault: { kind: "stall", at: 1000 } as Fault, text: "no byte for 0.2 s" },
    { name: "a stall after the header", fault: { kind: "stall", at: 0 } as Fault, text: "no byte for 0.2 s" },
    { name: "no answer", fault: { kind: "silence" } as Fault, text: "in time" },
  ])("is given up after $name", async ({ fault, text }) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream, { idleTimeoutMs: 200, retries: 0 });
    upstream.fault(PATH, fault);

    const error = await failureOf(fetchInto(store, opened.source, item));

    expect(error.code).toBe("JAM_UPSTREAM_TIMEOUT");
    expect(error.message).toContain(text);
  });

  test("is given up when it drips, although it is never silent", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream, { idleTimeoutMs: 2000, minRate: pace, retries: 0 });
    upstream.fault(PATH, { kind: "trickle", bytesPerSecond: 90 });

    const error = await failureOf(fetchInto(store, opened.source, item));

    expect(error.code).toBe("JAM_UPSTREAM_TIMEOUT");
    expect(error.message).toMatch(/only \d+ bytes per second/);
  });

  test("is not blamed for our own rate limit", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    const { createRateLimiter } = await import("../../../src/upstream/waiting.ts");
    const { SYSTEM_TIMING } = await import("../../../src/upstream/waiting.ts");
    const rateLimiter = createRateLimiter(200_000, SYSTEM_TIMING);
    const minRate = { minBytesPerSecond: 10_000_000, windowMs: 400 };
    await using opened = await openSource(upstream, { idleTimeoutMs: 100, minRate, rateLimiter, retries: 0 });

    const startedAt = performance.now();
    await fetchInto(store, opened.source, item);

    expect(performance.now() - startedAt).toBeGreaterThan(500);
  });
});

describe("N8: an upstream that sends more than is good", () => {
  test("is cut off when a tarball does not end", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "endless" });

    const log = { bytes: 0, most: 0 };
    const onBytes = (bytes: number) => {
      log.bytes += bytes;
      log.most = Math.max(log.most, log.bytes);
    };
    const error = await failureOf(fetchInto(store, opened.source, item, { onBytes }));

    expect(error.code).toBe("JAM_ITEM_SIZE_MISMATCH");
    expect(log.most).toBeLessThan(item.size + 256 * 1024);
  });

  test("is left when its headers do not end", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "header-bomb", bytes: 2 ** 20 });

    const error = await failureOf(fetchInto(store, opened.source, item));

    expect(error.code).toBe("JAM_UPSTREAM_NOT_SIMPLESTREAMS");
  });

  test("fetches a tarball that claims to be encoded as the bytes that it is", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, { kind: "gzip", how: "label" });

    await fetchInto(store, opened.source, item);

    expect(await store.blobs.stat(item.sha256)).toMatchObject({ size: item.size });
  });
});

describe("cancelling", () => {
  test.for([
    { name: "while bytes come", fault: { kind: "stall", at: 1000 } as Fault },
    { name: "before the answer", fault: { kind: "silence" } as Fault },
  ])("stops at once $name and keeps what came", async ({ fault }) => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    await using opened = await openSource(upstream);
    upstream.fault(PATH, fault);

    const error = await failureOf(
      fetchInto(store, opened.source, item, { signal: AbortSignal.timeout(150) }),
    );

    expect(error.code).toBe("JAM_CANCELLED");
    expect(upstream.requests).toHaveLength(1);
  });

  test("stops at once while it waits to try again", async () => {
    const { upstream, item } = await startOne();
    await using _ = upstream;
    await using store = await temporaryStore();
    const { SYSTEM_TIMING } = await import("../../../src/upstream/waiting.ts");
    await using opened = await openSource(upstream, { timing: SYSTEM_TIMING });
    upstream.fault(PATH, { kind: "status", status: 503, retryAfter: 60 });

    const error = await failureOf(
      fetchInto(store, opened.source, item, { signal: AbortSignal.timeout(150) }),
    );

    expect(error.code).toBe("JAM_CANCELLED");
  });
});

test.for([50_000, 300_000, 400_000, 460_000, 1_000_000])(
  "a tarball of %d bytes that is not wanted after its first piece leaves no connection busy",
  async (tarballBytes) => {
    await using upstream = await startUpstream({ ...ONE, tarballBytes });
    await using opened = await openSource(upstream, { retries: 0 });
    const item = itemRequest(upstream, PATH);
    const sink: StagedBlob = {
      sha256: item.sha256,
      received: 0,
      validator: undefined,
      restart: async () => undefined,
      async append(bytes) {
        for await (const _ of bytes) {
          // All of a small one arrives meanwhile.
          await sleep(50);
          throw new JamError("JAM_STORE_NO_SPACE", "There is no room.");
        }
      },
      commit: async () => undefined,
      close: async () => undefined,
    };

    for (let round = 0; round < 5; round++)
      await failureOf(opened.source.fetchItem(item, sink, { signal: NEVER }));

    // One may be kept for the next request.
    await expect.poll(() => upstream.openConnections).toBeLessThanOrEqual(1);
  },
);
