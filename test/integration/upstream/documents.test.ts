import { describe, expect, test } from "vitest";

import { sha256Of } from "../../../src/shared/sha256.ts";
import { startUpstream, type Fault } from "../../helpers/upstream.ts";
import { failureOf, INDEX, instantTiming, NEVER, openSource, serve } from "./setup.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"] };

async function read(upstream: Awaited<ReturnType<typeof startUpstream>>, path = INDEX) {
  await using opened = await openSource(upstream);
  return await opened.source.readDocument(path, undefined, NEVER);
}

test("gives the verbatim bytes, the signed text and who signed it when", async () => {
  await using upstream = await startUpstream(ONE);

  const answer = await read(upstream);

  const bytes = upstream.tree.documents.get(INDEX);
  expect(answer).toMatchObject({
    kind: "found",
    document: {
      path: INDEX,
      url: `${upstream.url}${INDEX}`,
      sha256: sha256Of(bytes ?? ""),
      signature: { fingerprint: upstream.tree.key.fingerprint },
    },
  });
  if (answer.kind !== "found") throw new Error(answer.kind);
  expect(Buffer.from(answer.document.bytes)).toEqual(bytes);
  expect(JSON.parse(answer.document.text)).toMatchObject({ format: "index:1.0" });
  expect(answer.document.signature?.signedAt.getTime()).toBe(
    Math.floor(upstream.tree.now.getTime() / 1000) * 1000,
  );
});

test("asks with the ETag and hears that nothing changed", async () => {
  await using upstream = await startUpstream(ONE);
  await using opened = await openSource(upstream);
  const first = await opened.source.readDocument(INDEX, undefined, NEVER);
  if (first.kind !== "found") throw new Error(first.kind);

  const second = await opened.source.readDocument(INDEX, first.document.validators, NEVER);

  expect(second).toEqual({ kind: "not-modified" });
  expect(upstream.records[1]?.headers["if-none-match"]).toBe(first.document.validators.etag);
  expect(upstream.connections).toBe(1);
});

test("asks with the date where there is no ETag", async () => {
  await using upstream = await startUpstream(ONE);
  await using opened = await openSource(upstream);
  const lastModified = upstream.tree.now.toUTCString();

  const answer = await opened.source.readDocument(INDEX, { lastModified }, NEVER);

  expect(answer).toEqual({ kind: "not-modified" });
});

test("says not-found as a value and keeps the connection", async () => {
  await using upstream = await startUpstream(ONE);
  await using opened = await openSource(upstream);

  const answer = await opened.source.readDocument("streams/v1/nothing.sjson", undefined, NEVER);
  await opened.source.readDocument(INDEX, undefined, NEVER);

  expect(answer).toEqual({ kind: "not-found", url: `${upstream.url}streams/v1/nothing.sjson` });
  expect(upstream.connections).toBe(1);
});

test("reads a document that travels compressed", async () => {
  await using upstream = await startUpstream(ONE);
  const path = "streams/v1/com.ubuntu.juju-released-agents.sjson";

  const answer = await read(upstream, path);

  if (answer.kind !== "found") throw new Error(answer.kind);
  expect(upstream.records[0]?.bytesSent).toBeLessThan(answer.document.bytes.length);
});

test("reads a path with colons as it is", async () => {
  await using upstream = await startUpstream(ONE);

  await read(upstream, "streams/v1/com.ubuntu.juju:released:tools.sjson");

  expect(upstream.requests).toEqual(["GET streams/v1/com.ubuntu.juju:released:tools.sjson"]);
});

test.for(["../secret.json", "/etc/passwd", "streams/../../x", "a//b", "a/%2e%2e/b", "a\\b"])(
  "M1: asks for nothing under the path %s",
  async (path) => {
    await using upstream = await startUpstream(ONE);

    const error = await failureOf(read(upstream, path));

    expect(error.code).toBe("JAM_ITEM_REFUSED");
    expect(upstream.requests).toEqual([]);
  },
);

test("sends user name and password, and shows them to nobody", async () => {
  await using upstream = await startUpstream(ONE);
  const url = upstream.url.replace("://", "://operator:s3cret@");
  await using opened = await openSource(upstream, { url });

  const answer = await opened.source.readDocument(INDEX, undefined, NEVER);

  expect(upstream.records[0]?.headers.authorization).toBe(`Basic ${btoa("operator:s3cret")}`);
  expect(JSON.stringify([opened.source.url, answer])).not.toContain("s3cret");
});

describe("N1: a document that ends early", () => {
  const framings = ["content-length", "chunked", "close"] as const;

  test.for(framings)("is asked for again (%s)", async (framing) => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "cut", at: 200, framing, times: 1 });

    expect(await read(upstream)).toMatchObject({ kind: "found" });
    expect(upstream.requests).toHaveLength(2);
  });

  test("is asked for again when it travels compressed", async () => {
    await using upstream = await startUpstream(ONE);
    const path = INDEX;
    let count = 0;
    const { gzipSync } = await import("node:zlib");
    const whole = gzipSync(upstream.tree.documents.get(path) ?? "");
    await using server = await serve((_request, response) => {
      count += 1;
      response.writeHead(200, { "content-encoding": "gzip" });
      response.end(count === 1 ? whole.subarray(0, whole.length - 20) : whole);
    });
    await using opened = await openSource({ url: server.url, tree: upstream.tree });

    expect(await opened.source.readDocument(path, undefined, NEVER)).toMatchObject({ kind: "found" });
    expect(count).toBe(2);
  });
});

describe("N4: an answer that is no simplestreams", () => {
  test.for([
    { name: "a login page", fault: { kind: "html" } as Fault, text: "<!DOCTYPE html>" },
    { name: "an empty body", fault: { kind: "empty" } as Fault, text: "empty" },
    {
      name: "binary junk",
      fault: { kind: "respond", status: 200, body: "\u001b[2J\u0000" } as Fault,
      text: "\\u{1b}",
    },
  ])("$name is refused with its URL and first bytes", async ({ fault, text }) => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, fault);

    const error = await failureOf(read(upstream));

    expect(error.code).toBe("JAM_UPSTREAM_NOT_SIMPLESTREAMS");
    expect(error.message).toContain(`${upstream.url}${INDEX}`);
    expect(error.message).toContain(text);
    expect(upstream.requests).toHaveLength(1);
  });

  test("a JSON error with 200 in place of a signed document is unsigned", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "respond", status: 200, body: '{"error":"over quota"}' });

    expect((await failureOf(read(upstream))).code).toBe("JAM_METADATA_UNSIGNED");
  });
});

describe("N6: statuses", () => {
  test.for([401, 403, 418])("%i is final and shows what the server said", async (status) => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "respond", status, body: "go away" });

    const error = await failureOf(read(upstream));

    expect(error.code).toBe("JAM_UPSTREAM_STATUS");
    expect(error.message).toContain(`status ${status}`);
    expect(error.message).toContain("go away");
    expect(upstream.requests).toHaveLength(1);
  });

  test("a storm of 503 is waited out", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "status", status: 503, times: 4 });

    expect(await read(upstream)).toMatchObject({ kind: "found" });
  });

  test("a storm that does not end is reported", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "status", status: 500 });

    expect((await failureOf(read(upstream))).details).toMatchObject({ status: 500 });
    expect(upstream.requests).toHaveLength(5);
  });
});

describe("N8: a document without end", () => {
  test("is cut off at 32 MiB", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "endless" });

    const error = await failureOf(read(upstream));

    expect(error.code).toBe("JAM_METADATA_TOO_LARGE");
    expect(upstream.requests).toHaveLength(1);
  });

  test("is cut off at 32 MiB decompressed, without filling memory", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "gzip-bomb", bytes: 2 ** 31 });
    const before = process.memoryUsage.rss();

    const error = await failureOf(read(upstream));

    expect(error.code).toBe("JAM_METADATA_TOO_LARGE");
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
  });
});

test("tells of a server that is not there, with its address", async () => {
  await using upstream = await startUpstream(ONE);
  const { port } = upstream;
  await using opened = await openSource(upstream);
  await upstream.close();

  const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

  expect(error.code).toBe("JAM_UPSTREAM_UNREACHABLE");
  expect(error.message).toContain(`127.0.0.1:${port}`);
});

test("tells of a server that does not speak HTTP", async () => {
  await using upstream = await startUpstream(ONE);
  await using server = await serve((request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
  await using opened = await openSource({ url: server.url, tree: upstream.tree });

  const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

  expect(error.code).toBe("JAM_UPSTREAM_NOT_SIMPLESTREAMS");
});

test("N13: warns once when the clock here is off", async () => {
  await using upstream = await startUpstream(ONE);
  const timing = instantTiming([], () => Date.now() - 2 * 3_600_000);
  await using opened = await openSource(upstream, { timing });

  await opened.source.readDocument(INDEX, undefined, NEVER);
  await opened.source.readDocument(INDEX, undefined, NEVER);

  expect(opened.warnings.filter((text) => text.includes("behind the upstream's"))).toHaveLength(1);
  expect(opened.warnings.join()).toContain("signed 120 min in the future");
});

test("stops at once when it is cancelled", async () => {
  await using upstream = await startUpstream(ONE);
  upstream.fault(INDEX, { kind: "silence" });
  await using opened = await openSource(upstream);

  const error = await failureOf(opened.source.readDocument(INDEX, undefined, AbortSignal.timeout(100)));

  expect(error.code).toBe("JAM_CANCELLED");
});

test("with keyring none reads unsigned documents, and says that it does not verify", async () => {
  await using upstream = await startUpstream(ONE);
  await using opened = await openSource(upstream, { keyring: "none" });

  const answer = await opened.source.readDocument("streams/v1/index2.json", undefined, NEVER);

  expect(opened.source.verifies).toBe(false);
  if (answer.kind !== "found") throw new Error(answer.kind);
  expect(answer.document.signature).toBeUndefined();
  expect(answer.document.text).toBe(upstream.tree.text("streams/v1/index2.json"));
});

test("with a keyring takes no unsigned document", async () => {
  await using upstream = await startUpstream(ONE);

  expect((await failureOf(read(upstream, "streams/v1/index2.json"))).code).toBe("JAM_METADATA_UNSIGNED");
});
