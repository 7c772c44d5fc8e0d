import { fc, test } from "../../helpers/property.ts";
import { expect, test as plain } from "vitest";
import { decideAnswer } from "../../../src/server/conditional.ts";

const lastModified = new Date("2026-01-01T00:00:00.789Z");
const date = lastModified.toUTCString();
const representation = { etag: '"abc"', lastModified, size: 100 };

plain.for([
  ["bytes=0-0", 206, 0, 1],
  ["bytes=0-", 206, 0, 100],
  ["bytes=10-19", 206, 10, 20],
  ["bytes=90-999", 206, 90, 100],
  ["bytes=-10", 206, 90, 100],
  ["bytes=-500", 206, 0, 100],
  ["BYTES=1-2", 206, 1, 3],
  ["bytes=0-1,5-6", 200, 0, 100],
  ["bytes=0-1,999-", 200, 0, 100],
  [`bytes=${"0-,".repeat(500)}0-`, 200, 0, 100],
  ["bytes=a-b", 200, 0, 100],
  ["bytes", 200, 0, 100],
  ["items=0-1", 200, 0, 100],
] as const)("gives %s as %i", ([range, status, start, end]) => {
  expect(decideAnswer("GET", { range }, representation)).toEqual({ status, start, end });
});

plain.for(["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=20-10"])("cannot satisfy %s", (range) => {
  expect(decideAnswer("GET", { range }, representation)).toEqual({ status: 416 });
});

test.prop([fc.nat(200), fc.nat(200)])("a range is the slice of the same positions", (first, last) => {
  const answer = decideAnswer("GET", { range: `bytes=${first}-${last}` }, representation);
  const expected =
    first > last || first >= 100
      ? { status: 416 }
      : { status: 206, start: first, end: Math.min(last, 99) + 1 };
  expect(answer).toEqual(expected);
});

plain("ignores a range on HEAD, so that HEAD describes the whole", () => {
  expect(decideAnswer("HEAD", { range: "bytes=0-1" }, representation)).toMatchObject({
    status: 200,
    end: 100,
  });
});

plain.for([
  ['"abc"', 206],
  [date, 206],
  ['"other"', 200],
  ['W/"abc"', 200],
  ["Thu, 01 Jan 2026 00:00:01 GMT", 200],
  ["rubbish", 200],
] as const)("honours the range under If-Range %s as %i", ([ifRange, status]) => {
  expect(decideAnswer("GET", { range: "bytes=0-1", "if-range": ifRange }, representation).status).toBe(
    status,
  );
});

plain.for([
  [{ "if-none-match": '"abc"' }, 304],
  [{ "if-none-match": 'W/"abc"' }, 304],
  [{ "if-none-match": '"x", "abc"' }, 304],
  [{ "if-none-match": "*" }, 304],
  [{ "if-none-match": '"x"' }, 200],
  [{ "if-none-match": '"x"', "if-modified-since": date }, 200],
  [{ "if-modified-since": date }, 304],
  [{ "if-modified-since": "Fri, 02 Jan 2026 00:00:00 GMT" }, 200],
  [{ "if-modified-since": "rubbish" }, 200],
  [{ "if-none-match": '"abc"', range: "bytes=999-" }, 304],
] as const)("answers the conditions %o with %i", ([headers, status]) => {
  expect(decideAnswer("GET", headers, representation).status).toBe(status);
});

plain("an empty representation has no range", () => {
  expect(decideAnswer("GET", { range: "bytes=0-" }, { ...representation, size: 0 })).toEqual({ status: 416 });
});
