import { describe, expect, test } from "vitest";
import { parseIndexFile } from "../../../src/simplestreams/index-file.ts";
import { parseJsonObject } from "../../../src/simplestreams/json-text.ts";
import { parseProductFile } from "../../../src/simplestreams/product-file.ts";
import { FILE, PRODUCT, wireItem, wireProducts } from "./documents.ts";

const fields = (count: number, value: string) =>
  Array.from({ length: count }, (_, index) => `"f${index}":${value}`).join(",");

const manyItems = (item: string) => `"products":{"p":{"versions":{"d":{"items":{${fields(20_000, item)}}}}}}`;

describe("refuses as too large", () => {
  test.for([
    ["three million values", `{"x":[${"1,".repeat(3_000_001)}1]}`, "more than 3000000 values"],
    ["three million empty objects", `{"x":[${"{},".repeat(1_500_001)}1]}`, "more than 3000000 values"],
    ["an object with 250 001 keys", `{"x":{${fields(250_001, "1")}}}`, "more than 250000 keys"],
  ] as const)("%s", ([, text, what]) => {
    expect(() => parseJsonObject(text, FILE)).toThrow(what);
  });

  test("an index with more entries than anybody has", () => {
    const text = `{"format":"index:1.0","index":{${fields(10_001, "{}")}}}`;
    expect(() => parseIndexFile(text, FILE)).toThrow("lists more than 10000 content ids");
  });

  test.for([
    ["products", `"products":{${fields(200_001, "1")}}`],
    ["versions", `"products":{"a":{"versions":{${fields(200_001, "1")}}}}`],
    ["items", `"products":{"a":{"versions":{"b":{"items":{${fields(200_001, "1")}}}}}}`],
  ] as const)("a product file with more %s than that", ([name, text]) => {
    expect(() => parseProductFile(`{"format":"products:1.0",${text}}`, FILE)).toThrow(
      `has more than 200000 ${name}`,
    );
  });
});

describe("costs no more than it is long:", () => {
  test("a document with as many aliases as items", () => {
    const text = `{"format":"products:1.0","_aliases":{${fields(50_000, '{"x":{"size":1}}')}},${manyItems("{}")}}`;
    expect(parseProductFile(text, FILE).refused).toHaveLength(20_000);
  });

  test("an alias for a thousand fields in every item", () => {
    const aliases = `"_aliases":{"crsn":{"x":{${fields(50_000, "1")},"size":7}}}`;
    const { refused } = parseProductFile(
      `{"format":"products:1.0",${aliases},${manyItems('{"crsn":"x"}')}}`,
      FILE,
    );
    expect(refused).toHaveLength(20_000);
  });

  test("a product whose name is a megabyte, with thousands of bad items", () => {
    const text = `{"format":"products:1.0",${manyItems("{}").replace('"p"', `"${"p".repeat(1_000_000)}"`)}}`;
    const { refused } = parseProductFile(text, FILE);
    expect(refused).toHaveLength(20_000);
    expect(JSON.stringify(refused[0]).length).toBeLessThan(3000);
  });
});

test("of two aliases for one field the later one in the document counts, wherever the item names them", () => {
  const item = { ...wireItem(), first: "x", second: "x" };
  const turned = { second: "x", first: "x", ...wireItem() };
  const _aliases = { first: { x: { arch: "arm64" } }, second: { x: { arch: "s390x", other: 1 } } };
  for (const one of [item, turned]) {
    const text = JSON.stringify(wireProducts(one, { top: { _aliases } }));
    expect(parseProductFile(text, FILE).items).toMatchObject([{ productId: PRODUCT, arch: "s390x" }]);
  }
});
