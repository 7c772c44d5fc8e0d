/** A mirror that a newer jam wrote: each command refuses it with one sentence, and nothing on disk changes. */
import { lstat, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jamHere } from "../helpers/jam-here.ts";
import { openOldStore } from "../helpers/old-store.ts";

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

test("the whole mirror: every command, for reading and for writing", async () => {
  await using store = await openOldStore("5-notes");
  await writeFile(join(store.near, "mirror-data/format"), "jam-store:2\n");
  const before = await everything(join(store.near, "mirror-data"));
  for (const words of [...READERS, ...WRITERS]) {
    const { status, stdout, stderr } = await jamHere(store.near, words);
    const text = stdout + stderr;
    expect({ words, status, text }).toEqual({ words, status: 2, text: expect.any(String) });
    expect(text).toContain("has store format 2; this jam knows formats up to 1.");
    expect(text).toContain("Use the newer jam that wrote it");
  }
  expect(await everything(join(store.near, "mirror-data"))).toEqual(before);
});

test.for([
  ["a snapshot that is kept", "snapshots/20261129T203857Z-0f678d11.json", "jam-snapshot", ["sync", "prune"]],
  ["pins", "state/pins-bundle-x.json", "jam-pins", ["prune"]],
  ["what was accepted of upstream", "state/upstream-memory.json", "jam-upstream-memory", ["sync", "prune"]],
  ["what plans requested", "state/kept-plans.json", "jam-kept-plans", ["sync"]],
  ["what a ref has shown", "state/ref-moves-mirror.json", "jam-ref-moves", ["sync", "prune"]],
] as const)("one document, %s: nothing is decided without it", async ([, path, format, commands]) => {
  await using store = await openOldStore("5-notes");
  const data = join(store.near, "mirror-data");
  await writeFile(join(data, path), `{"format":"${format}:2"}\n`);
  const before = await everything(data);
  for (const command of commands) {
    const { status, stderr } = await jamHere(store.near, [command]);
    expect({ command, status, stderr }).toEqual({ command, status: 2, stderr: expect.any(String) });
    expect(stderr).toContain(`has the format ${format}:2; this jam reads ${format}:1.`);
  }
  expect(kept(await everything(data))).toEqual(expect.arrayContaining(kept(before)));
  expect((await everything(data))["/refs/mirror"]).toEqual(before["/refs/mirror"]);
});
