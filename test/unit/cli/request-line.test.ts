import { expect, test } from "vitest";
import { requestLines } from "../../../src/cli/request-line.ts";
import type { RequestRecord } from "../../../src/server/request-log.ts";

const RECORD: RequestRecord = {
  method: "GET",
  url: "/tools/streams/v1/index2.json?x=[1]",
  status: 200,
  bytes: 1234,
  ms: 5,
  remote: "::ffff:127.0.0.1",
  userAgent: "Go-http-client/1.1",
  aborted: false,
};
const AT = new Date("2026-11-29T10:00:00.123Z");

test.for<[string, Partial<RequestRecord>]>([
  ["an ordinary request", {}],
  ["quotes and backslashes", { url: '/"\\/x', userAgent: String.raw`a\b"c` }],
  ["control characters and line breaks", { userAgent: "a\nb\r\t\u0000\u001B[31m", method: "X\n" }],
  ["other scripts and halves of pairs", { url: "/ü/😀/\uD800", userAgent: "\u2028\u202E" }],
  ["a tarball that was fetched for it", { cache: "miss" }],
  ["nothing at all", { url: "", userAgent: "", remote: "", method: "" }],
  [
    "a failure",
    { status: 503, aborted: true, error: { code: "JAM_STORE_IO", message: 'a "b"\n', details: { n: 1 } } },
  ],
])("%s is one printable line of JSON with the fields as they were", (entry) => {
  const record = { ...RECORD, ...entry[1] };
  const line = requestLines(() => AT)(record);
  expect(line.slice(0, -1)).toMatch(/^[ -~\p{L}\p{Emoji}]+$/u);
  expect(line.endsWith("}\n")).toBe(true);
  expect(JSON.parse(line)).toEqual({
    level: record.status >= 500 ? "error" : "info",
    time: AT.toISOString(),
    ...record,
    msg: "request",
  });
});
