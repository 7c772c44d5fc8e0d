import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { expect, test } from "vitest";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { rawGet, rawRequest } from "../../helpers/raw-http.ts";
import { serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const AGENT = { version: "3.6.5", size: 3_000_000 };
const PATH = `/tools/${tarballPath("3.6.5")}`;

test("gives a tarball byte for byte, with size, validators and no coding", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const { status, headers, body } = await rawRequest(
    mirror.port,
    rawGet(PATH, ["Accept-Encoding: gzip, br, zstd"]),
  );
  const [{ sha256 } = { sha256: "" }] = (await currentSnapshot(mirror.store, MIRROR_REF))?.agents ?? [];
  expect(status).toBe(200);
  expect(body.equals(tarballBytes(AGENT))).toBe(true);
  expect(headers).toMatchObject({
    "content-length": "3000000",
    "content-type": "application/x-gzip",
    etag: `"${sha256}"`,
    "accept-ranges": "bytes",
    "cache-control": "public, no-cache, no-transform",
    vary: "Accept",
  });
  expect(headers["content-encoding"]).toBeUndefined();
  expect(Date.parse(headers["last-modified"] ?? "")).not.toBeNaN();
});

test.for([
  [[], "application/x-gzip"],
  [["Accept: application/gzip"], "application/gzip"],
  [["Accept: application/x-gzip"], "application/x-gzip"],
  [["Accept: application/x-gzip,application/gzip"], "application/x-gzip"],
] as const)("rule 4: .tgz under %o is %s, without parameters", async ([headers, type]) => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const answer = await rawRequest(mirror.port, rawGet(PATH, headers));
  expect(answer.headers["content-type"]).toBe(type);
  expect(answer.headers["content-encoding"]).toBeUndefined();
});

test("rule 5: a tarball is never a redirect", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  for (const target of [PATH, `${PATH}?x=1`, `/upstream${PATH}`]) {
    const { status, headers } = await rawRequest(mirror.port, rawGet(target));
    expect([target, status, headers["location"]]).toEqual([target, 200, undefined]);
  }
});

test("rule 11: a path is opaque, whatever its shape", async () => {
  const agent = { version: "1.18.4", path: "releases/juju-1.18.4-trusty-amd64.tgz" };
  await using mirror = await serveMirror({ agents: [agent] });
  const { status, body } = await rawRequest(mirror.port, rawGet(`/tools/${agent.path}`));
  expect([status, body.equals(tarballBytes(agent))]).toEqual([200, true]);
});

test("HEAD has the headers of GET and no body", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const [get, head] = await Promise.all(
    ["GET", "HEAD"].map((method) => rawRequest(mirror.port, rawGet(PATH, [], method))),
  );
  expect({ ...head?.headers, date: "" }).toEqual({ ...get?.headers, date: "" });
  expect(head?.body.length).toBe(0);
});

test("any single range is the slice of the whole", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const whole = tarballBytes(AGENT);
  const starts = [0, 1, 65_535, 65_536, 1_048_575, 1_048_577, 2_999_999];
  for (const start of starts) {
    for (const end of [start, start + 70_000, 2_999_999, 9_999_999]) {
      const { status, headers, body } = await rawRequest(
        mirror.port,
        rawGet(PATH, [`Range: bytes=${start}-${end}`]),
      );
      const last = Math.min(end, 2_999_999);
      expect([status, headers["content-range"]]).toEqual([206, `bytes ${start}-${last}/3000000`]);
      expect(body.equals(whole.subarray(start, last + 1))).toBe(true);
    }
  }
});

test.for([
  ["bytes=0-,0-,0-", 200, undefined],
  ["bytes=5-", 206, "bytes 5-999/1000"],
  ["bytes=-5", 206, "bytes 995-999/1000"],
  ["bytes=-5000", 206, "bytes 0-999/1000"],
  ["bytes=1000-", 416, "bytes */1000"],
  ["potatoes=1-2", 200, undefined],
] as const)("H4: the range %s is answered %i", async ([range, status, contentRange]) => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const answer = await rawRequest(mirror.port, rawGet(PATH, [`Range: ${range}`]));
  expect([answer.status, answer.headers["content-range"]]).toEqual([status, contentRange]);
  expect(answer.headers["content-type"]).toBe(status === 416 ? "application/json" : "application/x-gzip");
});

test("H4: two Range headers and a bomb of ranges give the whole once", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const bomb = `Range: bytes=${"0-,".repeat(500)}0-`;
  for (const headers of [["Range: bytes=0-1", "Range: bytes=2-3"], [bomb]]) {
    const { status, body } = await rawRequest(mirror.port, rawGet(PATH, headers));
    expect([status, body.length]).toEqual([200, 1000]);
  }
});

test("H4: resumes under the right If-Range and starts again under another", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const { headers } = await rawRequest(mirror.port, rawGet(PATH, [], "HEAD"));
  const ask = (validator: string | undefined) =>
    rawRequest(mirror.port, rawGet(PATH, ["Range: bytes=5-", `If-Range: ${validator}`]));
  expect((await ask(headers["etag"])).status).toBe(206);
  expect((await ask(headers["last-modified"])).status).toBe(206);
  expect((await ask('"other"')).status).toBe(200);
});

test("H5: what the client has already is 304 without a body", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const { headers } = await rawRequest(mirror.port, rawGet(PATH));
  for (const condition of [
    `If-None-Match: ${headers["etag"]}`,
    `If-Modified-Since: ${headers["last-modified"]}`,
  ]) {
    const answer = await rawRequest(mirror.port, rawGet(PATH, [condition]));
    expect([answer.status, answer.body.length, answer.headers["etag"]]).toEqual([304, 0, headers["etag"]]);
    expect(answer.headers["content-type"]).toBeUndefined();
  }
});
