/**
 * The shape of everything that is written to disk. When this fails, a document has other fields than before:
 * docs/reference/store-format.md says when that needs a new format, and when a new line here is enough (`vitest -u`).
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { jamHere } from "../helpers/jam-here.ts";
import { openOldStore, stayInOldStores } from "../helpers/old-store.ts";

const HASH = /[0-9a-f]{64}/g;
const ID = /\d{8}T\d{6}Z-[0-9a-f]{8,12}/g;
const TIME = /\d{8}T\d{6}\.\d{3}Z/g;

/** A path with what differs from one store to the next taken out. */
function pattern(path: string): string {
  return path
    .replaceAll(HASH, "SHA256")
    .replaceAll(ID, "ID")
    .replaceAll(TIME, "TIME")
    .replace(/blobs\/sha256\/[0-9a-f]{2}/, "blobs/sha256/XX")
    .replaceAll("plant-7", "SITE");
}

/** `agents[].arch: string` for each value in a document. */
function fields(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => fields(one, `${at}[]`));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => fields(inner, at === "" ? key : `${at}.${key}`));
  }
  return [`${at}: ${at === "format" ? JSON.stringify(value) : value === null ? "null" : typeof value}`];
}

/** What Juju reads: its own formats, tested elsewhere. */
const SERVED = /^(?:pools\/|refs\/|tools\/|published\/[^/]+\/tools\/)/;

/** Adds the patterns of all files of a data directory, with the fields of those that are documents. */
async function collect(data: string, shapes: Map<string, Set<string>>): Promise<void> {
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = pattern(path.slice(data.length + 1));
    if (SERVED.test(name)) continue;
    const known = shapes.get(name) ?? new Set();
    shapes.set(name, known);
    const isPacked = name.endsWith(".json.gz");
    if (!isPacked && !name.endsWith(".json") && !name.startsWith("catalogue/")) continue;
    const bytes = await readFile(path);
    const text = (isPacked ? gunzipSync(bytes) : bytes).toString("utf8");
    for (const field of fields(JSON.parse(text))) known.add(field);
  }
}

async function jam(folder: string, ...words: string[]): Promise<void> {
  const { status, stderr } = await jamHere(folder, words);
  expect({ words, status, stderr: status === 0 ? "" : stderr }).toEqual({ words, status: 0, stderr: "" });
}

stayInOldStores();

test("what the program writes has the shape that it had", async () => {
  await using store = await openOldStore("5-notes");
  const shapes = new Map<string, Set<string>>();
  const sides = [store.near, store.far].map((side) => join(side, "mirror-data"));
  for (const data of sides) await collect(data, shapes);
  await jam(store.near, "sync");
  await jam(store.near, "bundle", "create", "--site", "plant-7", "--to", "../third");
  await jam(store.far, "bundle", "import", "../second", "../third");
  await jam(store.far, "bundle", "receipt", "--to", "new.receipt");
  await jam(store.near, "site", "update", "../far/new.receipt");
  await jam(store.near, "snapshot", "switch", "20261129T203857Z-0f678d11", "--allow", "rollback");
  for (const data of sides) await collect(data, shapes);
  const listing = [...shapes].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = listing.map(([name, found]) => [name, ...[...found].sort().map((field) => `  ${field}`)]);
  await expect(`${text.flat().join("\n")}\n`).toMatchFileSnapshot("../fixtures/stores/shapes.txt");
});
