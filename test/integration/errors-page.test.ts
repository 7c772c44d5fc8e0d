import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ERROR_OUTCOMES } from "../../src/shared/errors.ts";

const PAGE = new URL("../../docs/reference/errors.md", import.meta.url);
const ROW =
  /^\| `(?<code>JAM_[A-Z_]+)` \| (?<family>[a-z]+) \| (?<exit>\d+) \| (?<http>\d+) \| (?<meaning>.+?) \| (?<todo>.+?) \|$/gm;

test("the page of errors lists exactly the codes that exist, with their families and statuses", async () => {
  const rows = [...(await readFile(PAGE, "utf8")).matchAll(ROW)].map(({ groups }) => groups ?? {});
  const listed = rows.map(({ code, family, exit, http }) => [
    code,
    { family, exit: Number(exit), http: Number(http) },
  ]);
  expect(Object.fromEntries(listed)).toEqual(ERROR_OUTCOMES);
  expect(listed).toHaveLength(Object.keys(ERROR_OUTCOMES).length);
});
