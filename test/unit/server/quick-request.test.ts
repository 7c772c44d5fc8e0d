import { expect, test } from "vitest";
import { QuickRequests } from "../../../src/server/quick-request.ts";

const LINE = "GET /tools/streams/v1/index2.json HTTP/1.1";

function read(...lines: readonly string[]) {
  return new QuickRequests().read(Buffer.from([...lines, "", ""].join("\r\n"), "latin1"));
}

test.for<[string, string[], Record<string, string>]>([
  ["Juju", ["User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip"], { "accept-encoding": "gzip" }],
  ["curl", ["User-Agent: curl/8.5.0", "Accept: */*"], { accept: "*/*" }],
  ["a proxy", ["X-Forwarded-For: 10.0.0.1", "Via: 1.1 p", "connection: Keep-Alive"], { via: "1.1 p" }],
  ["a client that has it", ['If-None-Match:  "abc"'], { "if-none-match": '"abc"' }],
])("reads the request of %s", ([, headers, some]) => {
  expect(read(LINE, "Host: mirror", ...headers)).toMatchObject({
    url: "/tools/streams/v1/index2.json",
    path: "streams/v1/index2.json",
    headers: { host: "mirror", ...some },
  });
});

test("the path is that of the key: without the query, and with escapes decoded", () => {
  const request = read("GET /tools/streams/v1/index2%2Ejson?a=b HTTP/1.1", "Host: mirror");
  expect(request).toMatchObject({
    url: "/tools/streams/v1/index2%2Ejson?a=b",
    path: "streams/v1/index2.json",
  });
});

test("the same text is read once", () => {
  const requests = new QuickRequests();
  const text = `${LINE}\r\nHost: mirror\r\n\r\n`;
  const first = requests.read(Buffer.from(text));
  expect(requests.read(Buffer.from(text))).toBe(first);
  for (let index = 0; index < 1000; index++) requests.read(Buffer.from(text.replace("mirror", `m${index}`)));
  expect(requests.read(Buffer.from(text))).toEqual(first);
});

test.for<[string, string[]]>([
  ["another method", ["HEAD /tools/streams/v1/index2.json HTTP/1.1", "Host: a"]],
  ["an older HTTP", ["GET /tools/streams/v1/index2.json HTTP/1.0", "Host: a"]],
  ["a tarball", ["GET /tools/agent/a.tgz HTTP/1.1", "Host: a"]],
  ["another face", ["GET /upstream/tools/streams/v1/index2.json HTTP/1.1", "Host: a"]],
  ["a whole URL", ["GET http://a/tools/streams/v1/index2.json HTTP/1.1", "Host: a"]],
  ["a path that leads elsewhere", ["GET /tools/streams/v1/../../x HTTP/1.1", "Host: a"]],
  ["two blanks", ["GET  /tools/streams/v1/index2.json HTTP/1.1", "Host: a"]],
  ["no Host", [LINE]],
  ["an empty Host", [LINE, "Host: "]],
  ["two of a header", [LINE, "Host: a", "Host: a"]],
  ["an unknown header", [LINE, "Host: a", "X-Other: 1"]],
  ["a name of every object", [LINE, "Host: a", "constructor: 1"]],
  ["a range", [LINE, "Host: a", "Range: bytes=0-1"]],
  ["a date", [LINE, "Host: a", "If-Modified-Since: Mon, 30 Nov 2026 00:00:00 GMT"]],
  ["the end of the connection", [LINE, "Host: a", "Connection: close"]],
  ["a body", [LINE, "Host: a", "Content-Length: 1"]],
  ["a folded header", [LINE, "Host: a", "Accept: a", " b"]],
  ["a blank before the colon", [LINE, "Host : a"]],
  ["letters beyond ASCII", [LINE, "Host: a", "User-Agent: ü"]],
  ["a control character", [LINE, "Host: a", "User-Agent: a\u0000"]],
  ["a line feed alone", [LINE, "Host: a\nUser-Agent: b"]],
  ["a long line", [LINE, "Host: a", `User-Agent: ${"a".repeat(600)}`]],
  ["a line before it", ["", LINE, "Host: a"]],
  ["two requests", [LINE, "Host: a", "", LINE, "Host: a"]],
])("leaves %s to Node", ([, lines]) => {
  expect(read(...lines)).toBeUndefined();
});

test.for([
  ["half of the head", `${LINE}\r\nHost: a\r\n`],
  ["the beginning of the next one", `${LINE}\r\nHost: a\r\n\r\nGET`],
  ["nothing", ""],
  ["very much", `${LINE}\r\nHost: a\r\n${"Via: b\r\n".repeat(400)}\r\n`],
])("leaves %s to Node", ([, text = ""]) => {
  expect(new QuickRequests().read(Buffer.from(text))).toBeUndefined();
});
