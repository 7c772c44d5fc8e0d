import { expect, test } from "vitest";
import { formatTable } from "../../../src/cli/output/table.ts";

const COLUMNS = [{ heading: "NAME" }, { heading: "SIZE", align: "right" }, { heading: "NOTE" }] as const;

test("aligns columns under their headings, without blanks at the end", async () => {
  expect(
    await formatTable(COLUMNS, [
      ["a", "5", "first"],
      ["longer name", "12345", ""],
    ]),
  ).toBe(
    `NAME          SIZE  NOTE
a                5  first
longer name  12345
`,
  );
});

test("counts the width of characters, not their number", async () => {
  const lines = (await formatTable(COLUMNS, [["日本", "1", "x"]])).split("\n");
  expect(lines).toEqual(["NAME  SIZE  NOTE", "日本     1  x", ""]);
});

test("never cuts a value off", async () => {
  const long = "x".repeat(5000);
  expect(await formatTable(COLUMNS, [[long, "1", long]])).toContain(long);
});

test("shows what would steer a terminal as text", async () => {
  expect(await formatTable(COLUMNS, [["a\u001B[31m\nb", "1", "x"]])).toContain(String.raw`a\u{1b}[31m\u{a}b`);
});

test("takes more rows than a function takes arguments", async () => {
  const rows = Array.from({ length: 200_000 }, () => ["a", "1", "b"]);
  expect((await formatTable(COLUMNS, rows)).length).toBeGreaterThan(2_000_000);
});

test("shows the headings alone where there are no rows", async () => {
  expect(await formatTable(COLUMNS, [])).toBe("NAME  SIZE  NOTE\n");
});
