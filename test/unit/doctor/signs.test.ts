import { describe, expect, test } from "vitest";
import type { ExaminedMirror } from "../../../src/doctor/examined-mirror.ts";
import type { LogRecord } from "../../../src/doctor/log/log-record.ts";
import { readTarget } from "../../../src/doctor/log/request-target.ts";
import { clientOf, senderOf } from "../../../src/doctor/requests/client.ts";
import { signsOf } from "../../../src/doctor/requests/signs.ts";

const NEW = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";
const OLD = "agent/3.6.26/juju-3.6.26-linux-amd64.tgz";
const GONE = "agent/3.6.1/juju-3.6.1-linux-arm64.tgz";

const MIRROR: ExaminedMirror = {
  sizes: new Map(),
  paths: new Set([NEW, OLD]),
  hasTools: false,
  agents: 2,
  snapshots: new Map(),
  channels: [{ name: "prod", isShown: true, paths: new Set([OLD]) }],
  damaged: [],
};

function signsOfRequest(
  target: string,
  more: Partial<LogRecord> = {},
  mirror: ExaminedMirror | "unread" = MIRROR,
) {
  const record = {
    at: 0,
    remote: "10.0.0.7",
    method: "GET",
    target,
    status: 404,
    bytes: 1,
    userAgent: "Go-http-client/1.1",
    ...more,
  };
  const read = readTarget(target);
  return signsOf(
    { record, target: read, sender: senderOf(record, read) },
    mirror === "unread" ? undefined : mirror,
  );
}

describe("a tarball that was asked for and answered with 404", () => {
  test.for([
    ["is a problem where nothing lists it", `/tools/${GONE}`, { version: "3.6.1", arch: "arm64" }],
    ["is a note where it has come since", `/tools/${NEW}`, { severity: "note" }],
    [
      "is a problem of the channel where the mirror has it",
      `/channel/prod/tools/${NEW}`,
      { channel: "prod", next: "jam channel diff prod" },
    ],
    ["is a note where it has come to the channel since", `/channel/prod/tools/${OLD}`, { severity: "note" }],
  ] as const)("%s", ([, target, expected]) => {
    expect(signsOfRequest(target)).toMatchObject([{ kind: "agent-not-held", ...expected }]);
  });
});

describe("a tarball that was damaged when it was asked for", () => {
  const request = { status: 503, errorCode: "JAM_STORE_CORRUPT" };

  test("is a damaged tarball, with the remedy of the mirror's own finding", () => {
    const damaged = { ...MIRROR, damaged: ["3.6.27-ubuntu-amd64"] };
    const signs = signsOfRequest(`/tools/${NEW}`, request, damaged);
    expect(signs).toEqual([{ kind: "tarballs-damaged", about: NEW, found: expect.stringContaining(NEW) }]);
  });

  test("is a note where the mirror has no damage now", () => {
    expect(signsOfRequest(`/tools/${NEW}`, request)).toMatchObject([{ severity: "note" }]);
  });

  test("is a problem where the mirror cannot be read, and metadata is no tarball", () => {
    expect(signsOfRequest(`/tools/${NEW}`, request, "unread")).not.toHaveProperty("0.severity");
    expect(signsOfRequest("/tools/streams/v1/index2.json", request)).toMatchObject([
      { kind: "server-error" },
    ]);
  });
});

describe("what is normal is no sign", () => {
  test.for([
    ["/tools/streams/v1/index2.sjson", {}],
    ["/tools/streams/v1/index.json", {}],
    ["/tools/streams/v1/mirrors.json", {}],
    ["/channel/prod/tools/streams/v1/mirrors.sjson", {}],
    ["/tools/streams/v1/index2.json", { status: 200 }],
    [`/tools/${NEW}`, { status: 200, userAgent: "curl/8.5.0" }],
    ["/favicon.ico", {}],
    ["/metrics", { status: 200 }],
  ] as const)("%s", ([target, more]) => {
    expect(signsOfRequest(target, more)).toEqual([]);
  });
});

test.for([
  ["proxy-forward", "/tools/streams/v1/index2.json", { status: 200, via: "1.1 squid" }],
  ["proxy-forward", "http://other.example/tools/streams/v1/index2.json", { status: 400 }],
  ["proxy-forward", "streams.canonical.com:443", { method: "CONNECT", status: 405 }],
  ["proxy-reverse", "/tools/streams/v1/index2.json", { status: 200, forwardedFor: "192.0.2.7" }],
  ["proxy-reverse", "/tools/streams/v1/index2.json", { status: 200, protocol: "HTTP/1.0" }],
  ["proxy-cache", "/tools/streams/v1/index2.json", { status: 304 }],
  ["not-juju", "/tools/streams/v1/index2.json", { status: 200, userAgent: "Wget/1.21" }],
  ["not-juju", `/tools/${NEW}`, { status: 200, method: "HEAD", userAgent: "curl/8.5.0" }],
  ["index-missing", "/tools/streams/v1/index2.json", {}],
  ["server-error", "/tools/streams/v1/index2.json", { status: 503, errorCode: "JAM_STORE_CORRUPT" }],
  ["request-refused", `/tools/${NEW}`, { status: 403 }],
  ["redirected", `/tools/${NEW}`, { status: 301 }],
  ["address-doubled", "/tools/tools/streams/v1/index2.json", {}],
  ["address-wrong", "/streams/v1/index2.json", {}],
  ["channel-missing", "/channel/prd/tools/streams/v1/index2.json", {}],
  ["tls-mixed", String.raw`\x16\x03\x01\x02`, { method: "", status: 400 }],
] as const)("%s is seen in %s", ([kind, target, more]) => {
  expect(signsOfRequest(target, more).map((sign) => sign.kind)).toEqual([kind]);
});

test("a client is who stands behind what passes on", () => {
  const record = { at: 0, method: "GET", target: "/", status: 200, bytes: 0, userAgent: "" };
  expect(clientOf({ ...record, remote: "10.0.0.1", forwardedFor: "192.0.2.7, 10.0.0.2" })).toBe("192.0.2.7");
  expect(clientOf({ ...record, remote: "10.0.0.1" })).toBe("10.0.0.1");
});
