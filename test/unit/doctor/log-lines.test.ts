import { describe, expect, test } from "vitest";
import { readCombinedLine } from "../../../src/doctor/log/combined-line.ts";
import { readJamLine } from "../../../src/doctor/log/jam-line.ts";
import { linesOf, MAX_LINE_BYTES } from "../../../src/doctor/log/lines.ts";
import { recogniseLog } from "../../../src/doctor/log/recognise-log.ts";

const JAM =
  '{"level":"info","time":"2026-11-30T03:27:58.895Z","method":"GET","url":"/tools/streams/v1/index2.json","status":200,"bytes":282,"ms":15,"remote":"10.0.0.7","userAgent":"Go-http-client/1.1","aborted":false,"msg":"request"}';

describe("lines of jam serve", () => {
  const REQUEST = {
    request: {
      at: Date.UTC(2026, 10, 30, 3, 27, 58, 895),
      remote: "10.0.0.7",
      method: "GET",
      target: "/tools/streams/v1/index2.json",
      status: 200,
      bytes: 282,
      userAgent: "Go-http-client/1.1",
      isAborted: false,
    },
  };

  test.for([
    ["as jam writes them", JAM],
    ["of journalctl", `Nov 30 03:27:58 mirror jam[123]: ${JAM}`],
    ["of journalctl -o short-iso", `2026-11-30T03:27:58+0000 mirror jam-serve[123]: ${JAM}`],
    ["of journalctl -o json", JSON.stringify({ MESSAGE: JAM, _PID: "123" })],
    ["of Docker", JSON.stringify({ log: `${JAM}\n`, stream: "stderr", time: "2026-11-30T03:27:58Z" })],
    ["of Kubernetes", `2026-11-30T03:27:58.895123456Z stderr F ${JAM}`],
    ["of Docker Compose", `mirror-1  | ${JAM}`],
  ] as const)("are read %s", ([, line]) => {
    expect(readJamLine(line)).toMatchObject(REQUEST);
  });

  test.for([
    "http://127.0.0.1:8080",
    "-- Boot 4f5e --",
    "Started jam-serve.service - Juju Agent Mirror.",
    "jam-serve.service: Deactivated successfully.",
    "Nov 30 03:27:58 mirror systemd[1]: Started jam-serve.service.",
    '{"level":"info","time":"2026-11-30T03:27:58.895Z","msg":"listening"}',
    JSON.stringify({ MESSAGE: "Started jam-serve.service.", _PID: "1" }),
  ])("which are not requests belong to the log: %s", (line) => {
    expect(readJamLine(line)).toEqual({ other: true });
  });

  test("which report trouble are read as trouble", () => {
    const line =
      '{"level":"error","time":"2026-11-30T03:27:58.895Z","sha256":"ab","msg":"a tarball is damaged"}';
    expect(readJamLine(line)).toEqual({
      isDamage: true,
      trouble: "a tarball is damaged",
      at: REQUEST.request.at,
    });
  });

  test.for(["", "{", "nonsense", JAM.slice(0, 100), '{"msg":"request"}', "null", "[1]"])(
    "are not found in %j",
    (line) => {
      expect(readJamLine(line)).toBeUndefined();
    },
  );
});

describe("lines of the combined format", () => {
  const NGINX =
    '10.0.0.7 - - [30/Nov/2026:05:27:58 +0200] "GET /tools/streams/v1/index2.json HTTP/1.1" 200 282 "-" "Go-http-client/1.1"';

  test.for([
    ["of nginx", NGINX],
    ["with a user", NGINX.replace(" - - ", " - jane doe ")],
    ["with the virtual host before it", `mirror.example:443 ${NGINX}`],
    ["with more fields after it", `${NGINX} 0.002 "upstream" -`],
    ["of IPv6", NGINX.replace("10.0.0.7", "fd00::7")],
  ] as const)("are read %s", ([what, line]) => {
    expect(readCombinedLine(line)).toMatchObject({
      request: {
        at: Date.UTC(2026, 10, 30, 3, 27, 58),
        remote: what === "of IPv6" ? "fd00::7" : "10.0.0.7",
        method: "GET",
        target: "/tools/streams/v1/index2.json",
        status: 200,
        bytes: 282,
        userAgent: "Go-http-client/1.1",
        protocol: "HTTP/1.1",
      },
    });
  });

  test("have the client behind a proxy where nginx logs it", () => {
    expect(readCombinedLine(`${NGINX} "192.0.2.7, 10.0.0.1"`)).toMatchObject({
      request: { forwardedFor: "192.0.2.7, 10.0.0.1" },
    });
    expect(readCombinedLine(`${NGINX} "-"`)).toMatchObject({ request: { forwardedFor: undefined } });
  });

  test("of the common format have no user agent", () => {
    const line = NGINX.slice(0, NGINX.indexOf(' "-"'));
    expect(readCombinedLine(line)).toMatchObject({ request: { status: 200, userAgent: undefined } });
  });

  test("keep a quote inside a quote", () => {
    const line = NGINX.replace("Go-http-client/1.1", String.raw`a \" b`);
    expect(readCombinedLine(line)).toMatchObject({ request: { userAgent: String.raw`a \" b` } });
  });

  test("have no method where the request was not HTTP", () => {
    const line = NGINX.replace("GET /tools/streams/v1/index2.json HTTP/1.1", String.raw`\x16\x03\x01`);
    expect(readCombinedLine(line)).toMatchObject({
      request: { method: "", target: String.raw`\x16\x03\x01` },
    });
  });

  test.for([
    "",
    "nonsense",
    NGINX.replace("30/Nov/2026", "30/Foo/2026"),
    NGINX.replace(" 200 ", " two "),
    NGINX.slice(0, 70),
    " [".repeat(10_000),
    `10.0.0.7 - - [30/Nov/2026:05:27:58 +0200] "${'\\"'.repeat(10_000)}`,
  ])("are not found in other text", (line) => {
    expect(readCombinedLine(line)).toBeUndefined();
  });
});

async function read(...pieces: readonly (string | Uint8Array)[]) {
  const bytes = pieces.map((piece) => Buffer.from(piece));
  return Array.fromAsync(linesOf(ReadableStream.from(bytes)));
}

describe("the lines of a stream", () => {
  test("are the same however the bytes arrive", async () => {
    const text = "one\r\n\nthrée\nfour";
    const whole = await read(text);
    expect(whole.map((line) => line.text)).toEqual(["one", "", "thrée", "four"]);
    const bytes = [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));
    expect(await read(...bytes)).toEqual(whole);
  });

  test("are cut where they are too long, and the next one is whole", async () => {
    const [long, next] = await read("a".repeat(MAX_LINE_BYTES), "b".repeat(3 * MAX_LINE_BYTES), "\nnext\n");
    expect(long?.text).toBe("a".repeat(MAX_LINE_BYTES));
    expect(long?.isCut).toBe(true);
    expect(next).toEqual({ number: 2, text: "next", isCut: false });
  });
});

describe("a format is recognised", () => {
  const COMBINED = '10.0.0.7 - - [30/Nov/2026:05:27:58 +0200] "GET / HTTP/1.1" 200 2 "-" "curl/8"';

  test.for([
    ["jam", [JAM]],
    ["jam", ["http://127.0.0.1:8080", '{"level":"info","time":"2026-11-30T03:27:58Z","msg":"listening"}']],
    ["combined", ["garbage at its beginning", COMBINED]],
    ["juju", ["machine-0: 03:00:00 ERROR juju.worker.x it broke"]],
    ["juju", ["Creating Juju controller", "ERROR no agent binaries available"]],
  ] as const)("%s", ([format, lines]) => {
    expect(recogniseLog(lines)).toBe(format);
  });

  test.for([
    ["nginx", "2026/11/30 03:00:00 [error] 7#7: *1 open() failed"],
    ["Apache", "[Mon Nov 30 03:00:00.123456 2026] [core:notice] [pid 7] AH00094"],
    [
      "Squid",
      "1795921678.895     15 10.0.0.7 TCP_MISS/200 282 GET http://mirror/tools/ - HIER_DIRECT/10.0.0.1 -",
    ],
    ["IIS", "#Software: Microsoft Internet Information Services 10.0"],
    ["HAProxy", "Nov 30 03:00:00 lb haproxy[7]: 10.0.0.7:4711 [30/Nov/2026:03:00:00.1] http~ b/s 0/0 200"],
    ["Caddy", '{"level":"info","ts":1795921678.8,"logger":"http.log.access","msg":"handled request"}'],
    ["Traefik", '{"ClientAddr":"10.0.0.7:1","RequestPath":"/tools","DownstreamStatus":200}'],
    ["juju command", '{"model":{"name":"web","type":"iaas"}}'],
    ["not text", "\u0000\u0001\u0002"],
    ["HTML", "<!doctype html>"],
    ["terminal", "2026-11-30T03:00:00+00:00 200 GET /tools/streams/v1/index2.json 1.0 KiB 3 ms 10.0.0.7"],
    ["not a log", "Dear operator,"],
  ] as const)("not, and what it is instead is said: %s", ([word, line]) => {
    expect(recogniseLog([line])).toMatchObject({
      is: expect.stringContaining(word),
      next: expect.any(String),
    });
  });
});
