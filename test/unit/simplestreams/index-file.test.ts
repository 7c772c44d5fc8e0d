import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { formatIndexFile, parseIndexFile, type IndexEntry } from "../../../src/simplestreams/index-file.ts";

const FILE = "streams/v1/index2.sjson";
const RELEASED = "com.ubuntu.juju:released:agents";

function wireEntry(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    datatype: "content-download",
    format: "products:1.0",
    path: "streams/v1/com.ubuntu.juju-released-agents.sjson",
    products: ["com.ubuntu.juju:ubuntu:amd64"],
    updated: "Mon, 23 Nov 2026 10:54:46 +0000",
    ...changes,
  };
}

function parse(entry: unknown, top: object = {}) {
  return parseIndexFile(JSON.stringify({ format: "index:1.0", index: { [RELEASED]: entry }, ...top }), FILE);
}

test("reads the entries of an index", () => {
  const index = parse(wireEntry(), { updated: "Mon, 23 Nov 2026 11:00:00 +0000" });
  expect(index.updatedAt?.toISOString()).toBe("2026-11-23T11:00:00.000Z");
  expect([...index.entries.values()]).toEqual([
    {
      contentId: RELEASED,
      datatype: "content-download",
      format: "products:1.0",
      path: "streams/v1/com.ubuntu.juju-released-agents.sjson",
      products: ["com.ubuntu.juju:ubuntu:amd64"],
      updatedAt: new Date("2026-11-23T10:54:46Z"),
    },
  ]);
});

test("accepts entries without format, products and updated, which Juju does not need", () => {
  const [entry] = parse({
    datatype: "image-ids",
    path: "streams/v1/images.json",
    clouds: [{}],
  }).entries.values();
  expect(entry).toMatchObject({
    datatype: "image-ids",
    format: "products:1.0",
    products: [],
    updatedAt: undefined,
  });
});

describe("refuses the whole document", () => {
  test.for<[entry: unknown, top: object, code: string, message: string]>([
    [wireEntry(), { format: undefined }, "JAM_UPSTREAM_NOT_SIMPLESTREAMS", "is not a simplestreams document"],
    [wireEntry(), { format: "products:1.0" }, "JAM_METADATA_MALFORMED", "#format: must be"],
    [wireEntry(), { index: undefined }, "JAM_METADATA_MALFORMED", "#index: must be an object"],
    [wireEntry(), { index: [] }, "JAM_METADATA_MALFORMED", "#index: must be an object"],
  ])("%j %j", ([entry, top, code, message]) => {
    expect(() => parse(entry, top)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test("with more products than anybody publishes", () => {
    const products = Array.from({ length: 200_001 }, () => "");
    expect(() => parse(wireEntry({ products }))).toThrow(
      expect.objectContaining({ code: "JAM_METADATA_TOO_LARGE" }),
    );
  });
});

describe("refuses an entry by name and keeps the others", () => {
  test.for<[entry: unknown, message: string]>([
    ["x", `#index/${RELEASED}: must be an object`],
    [wireEntry({ path: undefined }), `#index/${RELEASED}/path: is missing`],
    [wireEntry({ path: "../x.sjson" }), 'path: "../x.sjson": the path has a ".." segment'],
    [wireEntry({ path: "/x.sjson" }), "the path is absolute"],
    [wireEntry({ path: "https://evil/x.sjson" }), "the path has"],
    [wireEntry({ path: `streams/v1/${"x".repeat(256)}` }), "a segment of the path is longer than 255 bytes"],
    [wireEntry({ datatype: 1 }), "datatype: must be a string, found number"],
    [wireEntry({ format: {} }), "format: must be a string, found object"],
    [wireEntry({ products: "x" }), "products: must be a list"],
    [wireEntry({ products: ["x", 1] }), "products/1: must be a string, found number"],
  ])("%j", ([entry, message]) => {
    const index = {
      format: "index:1.0",
      index: { [RELEASED]: entry, "com.ubuntu.juju:devel:agents": wireEntry() },
    };
    const { entries, refused } = parseIndexFile(JSON.stringify(index), FILE);
    expect([...entries.keys()]).toEqual(["com.ubuntu.juju:devel:agents"]);
    expect(refused).toEqual([
      {
        contentId: RELEASED,
        error: expect.objectContaining({
          code: "JAM_METADATA_MALFORMED",
          message: expect.stringContaining(message),
        }),
      },
    ]);
  });
});

const anyDate = fc
  .date({ min: new Date(0), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => {
    date.setUTCMilliseconds(0);
    return date;
  });
const anyEntry: fc.Arbitrary<IndexEntry> = fc.record({
  contentId: fc.stringMatching(/^[a-z.:]{1,20}$/).filter((id) => !/^(?:constructor|prototype)$/.test(id)),
  datatype: fc.constantFrom("content-download", "image-ids"),
  format: fc.constant("products:1.0"),
  path: fc.stringMatching(/^streams\/v1\/[a-z]{1,10}\.json$/),
  products: fc.uniqueArray(fc.string({ maxLength: 8 })).map((ids) => ids.sort()),
  updatedAt: anyDate,
});

property.prop([fc.uniqueArray(anyEntry, { selector: ({ contentId }) => contentId }), anyDate])(
  "reads what it writes",
  (entries, updatedAt) => {
    const index = {
      updatedAt,
      entries: new Map(entries.map((entry) => [entry.contentId, entry])),
      refused: [],
    };
    expect(parseIndexFile(formatIndexFile(index), FILE)).toEqual(index);
    const turned = { updatedAt, entries: new Map([...index.entries].reverse()) };
    expect(formatIndexFile(turned)).toBe(formatIndexFile(index));
  },
);
