/** A mirror that a newer jam wrote: each command refuses it with one sentence, and nothing on disk changes. */
import { lstat, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jamHere } from "../helpers/jam-here.ts";
import { formatFormat, STORE_FORMAT } from "../../src/store/layout.ts";
import { openOldStore, stayInOldStores } from "../helpers/old-store.ts";

/** Every entry of a folder with what is in it. */
async function everything(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, mode } = await lstat(path);
    const content = entry.isSymbolicLink()
      ? await readlink(path)
      : entry.isFile()
        ? await readFile(path, "hex")
        : "";
    found[path.slice(folder.length)] = `${mode} ${mtimeMs} ${content}`;
  }
  return found;
}

/** Names of everything that clients and later runs need. */
function kept(all: Record<string, string>): string[] {
  return Object.keys(all).filter((name) => /^\/(?:blobs|snapshots|upstream|published|refs)\//.test(name));
}

const READERS = [
  ["list"],
  ["status"],
  ["explain", "3.6"],
  ["snapshot", "list"],
  ["which", "3.6.1"],
  ["plan", "--from", "3.6.1", "--to", "3.6.2"],
  ["serve", "--listen", "127.0.0.1:0"],
  ["inventory"],
  ["site", "list"],
  ["sync", "--dry-run"],
  ["prune", "--dry-run"],
  ["bundle", "create", "--dry-run", "--to", "../new"],
];
const WRITERS = [
  ["sync"],
  ["sync", "--plan", "plan.json"],
  ["prune"],
  ["snapshot", "switch", "20261129T203857Z-0f678d11", "--allow", "rollback"],
  ["bundle", "create", "--to", "../new"],
  ["bundle", "import", "../first"],
  ["site", "update", "../plant-7.receipt"],
  ["check"],
];

stayInOldStores();

test("the whole mirror: every command, for reading and for writing", async () => {
  await using store = await openOldStore("5-notes");
  await writeFile(join(store.near, "mirror-data/format"), formatFormat(STORE_FORMAT + 1));
  const before = await everything(join(store.near, "mirror-data"));
  for (const words of [...READERS, ...WRITERS]) {
    const { status, stdout, stderr } = await jamHere(store.near, words);
    const text = stdout + stderr;
    expect({ words, status, text }).toEqual({ words, status: 2, text: expect.any(String) });
    expect(text).toContain(
      `has store format ${STORE_FORMAT + 1}; this jam knows formats up to ${STORE_FORMAT}.`,
    );
    expect(text).toContain("Use the newer jam that wrote it");
  }
  expect(await everything(join(store.near, "mirror-data"))).toEqual(before);
});

test.for([
  [
    "a snapshot that is kept",
    "snapshots/20261129T203857Z-0f678d11.json",
    "jam-snapshot:2",
    ["sync", "prune"],
  ],
  ["pins", "state/pins-bundle-x.json", "jam-pins:1", ["prune"]],
  ["what was accepted of upstream", "state/upstream-memory.json", "jam-upstream-memory:1", ["sync", "prune"]],
  ["what plans requested", "state/kept-plans.json", "jam-kept-plans:1", ["sync"]],
  ["what a ref has shown", "state/ref-moves-mirror.json", "jam-ref-moves:1", ["sync", "prune"]],
] as const)("one document, %s: nothing is decided without it", async ([, path, known, commands]) => {
  await using store = await openOldStore("5-notes");
  const data = join(store.near, "mirror-data");
  const newer = known.replace(/\d+$/, (version) => String(Number(version) + 1));
  await writeFile(join(data, path), `{"format":"${newer}"}\n`);
  const before = await everything(data);
  for (const command of commands) {
    const { status, stderr } = await jamHere(store.near, [command]);
    expect({ command, status, stderr }).toEqual({ command, status: 2, stderr: expect.any(String) });
    expect(stderr).toContain(`has the format ${newer}; this jam reads ${known}.`);
  }
  expect(kept(await everything(data))).toEqual(expect.arrayContaining(kept(before)));
  expect((await everything(data))["/refs/mirror"]).toEqual(before["/refs/mirror"]);
});
