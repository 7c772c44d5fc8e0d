/** docs/reference/store-format.md names every format that is written to the data directory. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { formatFormat, STORE_FOLDERS, STORE_FORMAT } from "../../src/store/layout.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Formats of documents for other machines; each has a page of its own. */
const CARRIED = /^jam-(?:bundle|volume|inventory|receipt|plan|bundle-progress):/;

async function formatsInSource(): Promise<string[]> {
  const found = new Set<string>();
  for (const entry of await readdir(join(ROOT, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".ts")) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const [, format = ""] of text.matchAll(/(?:format: |_FORMAT = )"(jam-[a-z-]+:\d+)"/g))
      found.add(format);
  }
  return [...found].filter((format) => !CARRIED.test(format)).sort();
}

test("the page has a row for each format, and for each folder", async () => {
  const page = await readFile(join(ROOT, "docs/reference/store-format.md"), "utf8");
  const formats = await formatsInSource();
  expect(formats.length).toBeGreaterThan(8);
  const rows = page.split("\n").filter((line) => line.startsWith("| `jam-"));
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/jam-[a-z-]+:\d+/g)].map(String),
  );
  expect(named.sort()).toEqual(formats);
  expect(page).toContain(`\`${formatFormat(STORE_FORMAT).trim()}\` is the format of the whole directory`);
  for (const folder of STORE_FOLDERS.filter((one) => one !== "blobs" && one !== "quarantine"))
    expect(page).toContain(`\`${folder}/`);
});
