/** Mirrors that earlier versions of the program wrote: `test/fixtures/stores/README.md` says how. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { extract } from "tar";
import { afterEach, beforeEach, vi } from "vitest";

const STORES = resolve(import.meta.dirname, "../fixtures/stores");

/** Names of the stores, oldest first. */
export async function oldStores(): Promise<string[]> {
  const names = (await readdir(STORES)).filter((name) => /^\d.*\.tar\.gz$/.test(name));
  return names.map((name) => name.replace(/\.tar\.gz$/, "")).sort();
}

/** Every test of a file sees the time shortly after the stores were written: what was listed then is still kept. */
export function stayInOldStores(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-29T21:00:00Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** A copy of an old store with both sides of its air gap, and the upstream that it was made from. */
export interface OldStore extends AsyncDisposable {
  /** Holds `near/`, and where its version had bundles `far/`, `first/` and `second/`. */
  readonly folder: string;
  readonly near: string;
  readonly far: string;
}

/** Unpacks a store into a folder of its own; its settings name the upstream next to it. */
export async function openOldStore(name: string): Promise<OldStore> {
  const cwd = await mkdtemp(join(tmpdir(), "jam-old-"));
  for (const file of [name, "upstream"])
    await extract({ file: join(STORES, `${file}.tar.gz`), cwd, preservePaths: true });
  const folder = join(cwd, name);
  for (const side of (await readdir(folder)).filter((one) => one === "near" || one === "far")) {
    const path = join(folder, side, "jam.yaml");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/url: "[^"]*"/, "url: ../../upstream/tools"));
  }
  return {
    folder,
    near: join(folder, "near"),
    far: join(folder, "far"),
    [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true }),
  };
}
