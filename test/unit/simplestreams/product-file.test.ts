import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { parseSha256, sha256Of, type Sha256 } from "../../../src/shared/sha256.ts";
import type { Item } from "../../../src/simplestreams/item.ts";
import { formatProductFile } from "../../../src/simplestreams/format-product-file.ts";
import { formatStableJson } from "../../../src/simplestreams/json-text.ts";
import { parseProductFile } from "../../../src/simplestreams/product-file.ts";
import {
  DATE,
  FILE,
  onlyItem,
  onlyRefusal,
  parseProducts,
  PRODUCT,
  wireItem,
  wireProducts,
  without,
} from "./documents.ts";

describe("inheritance", () => {
  const FIELDS = ["version", "release", "arch", "path", "size", "sha256", "md5", "ftype"];
  const whole = wireItem({ md5: "0123456789abcdef0123456789abcdef" });

  test.for(
    FIELDS.flatMap((field) =>
      (["collection", "product", "top"] as const).map((level) => [field, level] as const),
    ),
  )("takes %s from the %s where the item has none", ([field, level]) => {
    const hoisted = wireProducts(without(whole, field), { [level]: { [field]: whole[field] } });
    expect(onlyItem(hoisted)).toEqual({ ...whole, productId: PRODUCT, date: DATE, itemName: "one" });
  });

  test("uses the nearest level", () => {
    const item = without(wireItem(), "release", "arch");
    const levels = {
      top: { release: "top", arch: "top" },
      product: { release: "product", arch: "product" },
      collection: { release: "collection" },
    };
    expect(onlyItem(wireProducts(item, levels))).toMatchObject({ release: "collection", arch: "product" });
  });

  test("treats an empty field as absent, as Juju does", () => {
    const document = wireProducts(wireItem({ release: "" }), { product: { release: "ubuntu" } });
    expect(onlyItem(document)).toMatchObject({ release: "ubuntu" });
  });

  test("assumes a gzipped tar where no level names the file type", () => {
    expect(onlyItem(wireProducts(without(wireItem(), "ftype")))).toMatchObject({ ftype: "tar.gz" });
  });
});

describe("aliases", () => {
  const top = { _aliases: { release: { u: { release: "ubuntu", arch: "arm64" } } } };

  test("replace the item's fields by those of the alias", () => {
    expect(onlyItem(wireProducts(wireItem({ release: "u" }), { top }))).toMatchObject({
      release: "ubuntu",
      arch: "arm64",
    });
  });

  test("work on levels above the item, and the item's own fields win over those", () => {
    const document = wireProducts(without(wireItem(), "release"), { top, product: { release: "u" } });
    expect(onlyItem(document)).toMatchObject({ release: "ubuntu", arch: "amd64" });
  });

  test("are not used if the value is not an alias, even if every object has a method of that name", () => {
    expect(onlyItem(wireProducts(wireItem({ release: "tostring" }), { top }))).toMatchObject({
      release: "tostring",
    });
    expect(onlyItem(wireProducts(wireItem({ release: "toString" }), { top }))).toMatchObject({
      release: "toString",
    });
  });

  test.for([{ _aliases: 1 }, { _aliases: { release: [] } }, { _aliases: { release: { u: "x" } } }])(
    "mean nothing in another shape: %j",
    (top) => {
      expect(onlyItem(wireProducts(wireItem({ release: "u" }), { top }))).toMatchObject({ release: "u" });
    },
  );
});

describe("refuses a single item by name and keeps the rest", () => {
  test.for<[item: Record<string, unknown>, message: string]>([
    [wireItem({ size: "50001142" }), 'size "50001142" is a string, must be a number'],
    [wireItem({ size: -1 }), "size -1 is not a whole number of bytes"],
    [wireItem({ size: 1.5 }), "size 1.5 is not a whole number of bytes"],
    [wireItem({ size: 2 ** 53 }), "size 9007199254740992 is not a whole number of bytes"],
    [wireItem({ size: 2 ** 50 }), "size 1125899906842624 is more than any agent has"],
    [wireItem({ size: 2 ** 32 + 1 }), "size 4294967297 is more than any agent has"],
    [wireItem({ size: null }), "size must be a number, found object"],
    [wireItem({ size: [1] }), "size must be a number, found object"],
    [without(wireItem(), "size"), "size is missing"],
    [wireItem({ sha256: "abc" }), "sha256 is not 64 hex digits"],
    [wireItem({ sha256: `${"a".repeat(63)}g` }), "sha256 is not 64 hex digits"],
    [wireItem({ sha256: 1 }), "sha256 is not 64 hex digits"],
    [without(wireItem(), "sha256"), "sha256 is missing"],
    [without(wireItem({ md5: "a".repeat(32) }), "sha256"), "sha256 is missing; md5 alone proves nothing"],
    [wireItem({ md5: "zz" }), "md5 is not 32 hex digits"],
    [wireItem({ path: "../../etc/passwd" }), 'path "../../etc/passwd": the path has a ".." segment'],
    [wireItem({ path: "/etc/passwd" }), 'path "/etc/passwd": the path is absolute'],
    [wireItem({ path: "http://evil/x.tgz" }), "the path has an empty segment"],
    [wireItem({ path: "streams/v1/index2.json" }), "the path is inside the metadata folder"],
    [wireItem({ path: 7 }), "path must be a string, found number"],
    [without(wireItem(), "path"), "path is missing"],
    [wireItem({ version: 3.6 }), "version must be a string, found number"],
    [without(wireItem(), "version"), "version is missing"],
    [wireItem({ version: "3.6.5\u001b[2J" }), String.raw`version "3.6.5\u{1b}[2J" is not a plain word`],
    [wireItem({ version: "<img src=x>" }), 'version "<img src=x>" is not a plain word'],
    [wireItem({ release: "../x" }), 'release "../x" is not a plain word'],
    [wireItem({ arch: "" }), "arch is missing"],
    [wireItem({ ftype: { a: 1 } }), "ftype must be a string, found object"],
  ])("%j", ([item, message]) => {
    const document = wireProducts(item) as {
      products: Record<string, { versions: Record<string, { items: object }> }>;
    };
    Object.assign(document.products[PRODUCT]!.versions[DATE]!.items, { good: wireItem() });
    const { items, refused } = parseProducts(document);
    expect(items.map(({ itemName }) => itemName)).toEqual(["good"]);
    expect(refused).toMatchObject([
      {
        where: `products/${PRODUCT}/versions/${DATE}/items/one`,
        error: { code: "JAM_ITEM_REFUSED", message: expect.stringContaining(message) },
      },
    ]);
    expect(refused[0]!.error.message).toContain(`${FILE}#products/`);
  });

  test("a size that no double can hold, written as a number", () => {
    const text = JSON.stringify(wireProducts(wireItem({ size: 123 }))).replace("123", "1e309");
    expect(parseProductFile(text, FILE).refused[0]!.error.message).toContain(
      "Infinity is not a whole number",
    );
  });

  test("a size of minus zero", () => {
    const text = JSON.stringify(wireProducts(wireItem({ size: 123 }))).replace("123", "-0");
    expect(parseProductFile(text, FILE).refused).toHaveLength(1);
  });

  test("with names that are safe on a terminal", () => {
    const document = wireProducts({});
    const { versions } = (document["products"] as Record<string, { versions: unknown }>)[PRODUCT]!;
    const hostile = { ...document, products: { "a\u001b[2J\nb": { versions } } };
    expect(onlyRefusal(hostile).where).not.toMatch(/\p{Cc}/u);
  });
});

test("accepts upper-case hashes and writes them in lower case", () => {
  const sha256 = sha256Of("x");
  const item = wireItem({ sha256: sha256.toUpperCase(), md5: "A".repeat(32) });
  expect(onlyItem(wireProducts(item))).toMatchObject({ sha256, md5: "a".repeat(32) });
});

describe("refuses the whole document", () => {
  test.for<[document: unknown, code: string, message: string]>([
    [{ products: {} }, "JAM_UPSTREAM_NOT_SIMPLESTREAMS", "is not a simplestreams document"],
    [{ error: "please log in" }, "JAM_UPSTREAM_NOT_SIMPLESTREAMS", "please log in"],
    [
      { format: "products:2.0" },
      "JAM_METADATA_MALFORMED",
      'format: must be "products:1.0", found "products:2.0"',
    ],
    [{ format: 1 }, "JAM_METADATA_MALFORMED", 'format: must be "products:1.0", found number'],
    [{ format: "index:1.0" }, "JAM_METADATA_MALFORMED", 'found "index:1.0"'],
    [{ format: "products:1.0", content_id: 1 }, "JAM_METADATA_MALFORMED", "#content_id: must be a string"],
    [{ format: "products:1.0", products: [] }, "JAM_METADATA_MALFORMED", "#products: must be an object"],
  ])("%j", ([document, code, message]) => {
    expect(() => parseProducts(document)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test("with more items than anybody publishes", () => {
    const items = Object.fromEntries(Array.from({ length: 200_001 }, (_, index) => [`i${index}`, {}]));
    const document = { format: "products:1.0", products: { a: { versions: { b: { items } } } } };
    expect(() => parseProducts(document)).toThrow(
      expect.objectContaining({ code: "JAM_METADATA_TOO_LARGE" }),
    );
  });
});

const whole = (changes: object) => ({ versions: { [DATE]: { items: { good: wireItem() } }, ...changes } });

describe("refuses a product or a date by name and keeps the others", () => {
  test.for<[products: Record<string, unknown>, where: string, message: string]>([
    [{ bad: 1 }, "products/bad", "#products/bad: must be an object"],
    [{ bad: [] }, "products/bad", "#products/bad: must be an object"],
    [{ bad: { versions: "x" } }, "products/bad", "#products/bad/versions: must be an object"],
    [
      { [PRODUCT]: whole({ "20250409": null }) },
      `products/${PRODUCT}/versions/20250409`,
      "/versions/20250409: must be an object",
    ],
    [
      { [PRODUCT]: whole({ "20250409": { items: [] } }) },
      `products/${PRODUCT}/versions/20250409`,
      "/versions/20250409/items: must be an object",
    ],
    [
      { [PRODUCT]: whole({ "20250409": { items: { one: "x" } } }) },
      `products/${PRODUCT}/versions/20250409/items/one`,
      "/items/one: must be an object",
    ],
  ])("%j", ([products, where, message]) => {
    const document = { format: "products:1.0", products: { [PRODUCT]: whole({}), ...products } };
    const { items, refused } = parseProducts(document);
    expect(items.map(({ itemName }) => itemName)).toEqual(["good"]);
    expect(refused).toMatchObject([
      { where, error: { code: "JAM_METADATA_MALFORMED", message: expect.stringContaining(message) } },
    ]);
  });
});

test("accepts a document without products, products without versions, dates without items", () => {
  const products = { a: {}, b: { versions: {} }, c: { versions: { "20250101": {} } } };
  expect(parseProducts({ format: "products:1.0" }).items).toEqual([]);
  expect(parseProducts({ format: "products:1.0", products }).items).toEqual([]);
});

test("reads when the document was updated, and ignores an invalid date", () => {
  expect(updated("Mon, 23 Nov 2026 10:54:46 +0000")).toBe("2026-11-23T10:54:46.000Z");
  expect(updated("Mon, 23 Nov 2026 12:54:46 +0200")).toBe("2026-11-23T10:54:46.000Z");
  expect(updated("2026-11-23T10:54:46Z")).toBe("2026-11-23T10:54:46.000Z");
  expect(["20261123", "yesterday", "", 5, undefined, "Mon, 99 Nov 2026 10:54:46 +0000"].map(updated)).toEqual(
    Array.from({ length: 6 }),
  );
});

test("keeps the newest date of an agent that several dates of a product list", () => {
  const [old, young] = [sha256Of("old"), sha256Of("young")];
  const versions = {
    "20250401": { items: { a: wireItem({ sha256: old }), b: wireItem({ version: "3.6.4", sha256: old }) } },
    "20250410": { items: { z: wireItem({ sha256: young }) } },
  };
  const { items } = parseProducts({ format: "products:1.0", products: { [PRODUCT]: { versions } } });
  expect(items.map(({ version, date, sha256 }) => [version, date, sha256])).toEqual([
    ["3.6.5", "20250410", young],
    ["3.6.4", "20250401", old],
  ]);
});

function updated(text: unknown): string | undefined {
  return parseProducts({ format: "products:1.0", updated: text }).updatedAt?.toISOString();
}

const anyWord = fc.stringMatching(/^[a-z][a-z0-9.]{0,7}[a-z0-9]$/);
const anyItem = fc.record(
  {
    productId: fc.constantFrom(PRODUCT, "com.ubuntu.juju:20.04:arm64", "x", "toString"),
    date: fc.constantFrom("20250410", "20240101", "19700101", "z"),
    itemName: fc
      .string({ minLength: 1 })
      .filter((name) => !/^(?:__proto__|constructor|prototype)$/.test(name)),
    version: fc.stringMatching(/^[1-4]\.[0-9](?:\.|-beta)[0-9]{1,2}$/),
    release: anyWord,
    arch: anyWord,
    path: fc.array(anyWord, { minLength: 1, maxLength: 4 }).map((words) => `agent/${words.join("/")}-x`),
    size: fc.integer({ min: 0, max: 2 ** 32 }),
    sha256: fc.string().map(sha256Of),
    md5: fc.stringMatching(/^[0-9a-f]{32}$/),
    ftype: fc.constantFrom("tar.gz", "tar.xz"),
  },
  {
    requiredKeys: [
      "productId",
      "date",
      "itemName",
      "version",
      "release",
      "arch",
      "path",
      "size",
      "sha256",
      "ftype",
    ],
  },
);

const anyItems = fc
  .uniqueArray(anyItem, {
    maxLength: 12,
    selector: (item) => `${item.productId} ${item.version}-${item.release}-${item.arch}`,
  })
  .map((items) =>
    items.filter((item, index) => items.findIndex((other) => placeOf(other) === placeOf(item)) === index),
  );

property.prop([anyItems])("reads what it writes", (items) => {
  const updatedAt = new Date("2026-11-23T10:54:46Z");
  const text = formatProductFile({ contentId: "com.ubuntu.juju:released:agents", updatedAt, items });
  const read = parseProductFile(text, FILE);
  expect(read.refused).toEqual([]);
  expect(read.updatedAt).toEqual(updatedAt);
  expect(read.items.toSorted(byPlace)).toEqual(items.toSorted(byPlace));
});

property.prop([anyItems, fc.infiniteStream(fc.nat())])(
  "writes the same bytes in whatever order items come",
  (items, order) => {
    const content = { contentId: "c", updatedAt: new Date(0) };
    const shuffled = items.toSorted(() => ((order.next().value as number) % 3) - 1);
    expect(formatProductFile({ ...content, items: shuffled })).toBe(formatProductFile({ ...content, items }));
  },
);

test("writes every field on every item, the size as a number, in short lines", () => {
  const sha256 = parseSha256("a".repeat(64)) as Sha256;
  const item: Item = { ...onlyItem(wireProducts(wireItem())), sha256, md5: "b".repeat(32) };
  const text = formatProductFile({
    contentId: "com.ubuntu.juju:released:agents",
    updatedAt: new Date("2026-11-23T10:54:46.789Z"),
    items: [item],
  });
  expect(text).toMatchInlineSnapshot(`
    "{
     "content_id": "com.ubuntu.juju:released:agents",
     "datatype": "content-download",
     "format": "products:1.0",
     "products": {
      "com.ubuntu.juju:ubuntu:amd64": {
       "arch": "amd64",
       "ftype": "tar.gz",
       "release": "ubuntu",
       "versions": {
        "20250410": {
         "items": {
          "one": {
           "arch": "amd64",
           "ftype": "tar.gz",
           "md5": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
           "path": "agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
           "release": "ubuntu",
           "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
           "size": 50001142,
           "version": "3.6.5"
          }
         }
        }
       }
      }
     },
     "updated": "Mon, 23 Nov 2026 10:54:46 +0000"
    }
    "
  `);
});

function placeOf({ productId, date, itemName }: Item): string {
  return JSON.stringify([productId, date, itemName]);
}

function byPlace(a: Item, b: Item): number {
  return placeOf(a) < placeOf(b) ? -1 : 1;
}

property.prop([anyItems])("writes the bytes that stable JSON of the same content has", (items) => {
  const updatedAt = new Date("2026-11-23T10:54:46Z");
  const text = formatProductFile({ contentId: "com.ubuntu.juju:released:agents", updatedAt, items });
  expect(formatStableJson(JSON.parse(text))).toBe(text);
});
