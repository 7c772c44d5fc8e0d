import { createHash } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { snapshotIdOf } from "../../src/mirror/snapshot.ts";
import { jamHere } from "../helpers/jam-here.ts";
import type { Kept } from "./model.ts";

/** What is to be seen in a data directory, read without the code of jam but for `channel list` and `snapshot list`. */
export interface Observed {
  /** The snapshot that each ref shows. */
  readonly refs: ReadonlyMap<string, string>;
  readonly kept: readonly Kept[];
  readonly channels: readonly ObservedChannel[];
  readonly pinned: readonly string[];
}

interface ObservedChannel {
  readonly name: string;
  readonly from: string | null;
  readonly snapshot: string | null;
  readonly held: readonly string[];
  readonly withdrawn: readonly string[];
  readonly fault: string | null;
}

/** Remembers what each snapshot contained when it was first seen: it never changes. */
export class Observer {
  readonly #folder: string;
  readonly #snapshots = new Map<string, { readonly text: string; readonly kept: Kept }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async look(): Promise<Observed> {
    return {
      refs: await this.#refs(),
      kept: await this.#kept(),
      channels: await this.#channels(),
      pinned: await this.#pinned(),
    };
  }

  async #refs(): Promise<Map<string, string>> {
    const folder = join(this.#folder, "data/refs");
    const refs = new Map<string, string>();
    for (const name of await readdir(folder)) {
      // Left by a run that was killed.
      if (name.startsWith(".")) continue;
      const target = await readlink(join(folder, name));
      refs.set(name, snapshotIdOf(target.split("/").at(-1) ?? ""));
    }
    return refs;
  }

  async #kept(): Promise<Kept[]> {
    const folder = join(this.#folder, "data/snapshots");
    const all: Kept[] = [];
    const names = await readdir(folder);
    // One that was deleted may be made once more in the same second.
    for (const name of this.#snapshots.keys()) if (!names.includes(name)) this.#snapshots.delete(name);
    for (const name of names) {
      if (!name.endsWith(".json")) continue;
      const text = await readFile(join(folder, name), "utf8");
      const known = this.#snapshots.get(name);
      if (known !== undefined && known.text !== text) throw new Error(`Snapshot ${name} has changed`);
      const kept = known?.kept ?? (await this.#readSnapshot(text));
      this.#snapshots.set(name, { text, kept });
      all.push(kept);
    }
    return all.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  async #readSnapshot(text: string): Promise<Kept> {
    const { id, createdAt, pages } = JSON.parse(text) as {
      id: string;
      createdAt: string;
      pages: { sha256: string }[];
    };
    const versions = new Set<string>();
    for (const { sha256 } of pages) {
      const page = await readFile(join(this.#folder, "data/catalogue", sha256), "utf8");
      for (const [, version = ""] of page.matchAll(/"version":"([^"]+)"/g)) versions.add(version);
    }
    return { id, createdAt, versions: [...versions] };
  }

  async #channels(): Promise<ObservedChannel[]> {
    const { channels } = (await this.#ask("channel", "list")) as {
      channels: (Omit<ObservedChannel, "held" | "withdrawn"> & {
        held: { version: string }[];
        withdrawn: { version: string }[];
      })[];
    };
    return channels.map(({ held, withdrawn, ...channel }) => ({
      ...channel,
      held: held.map(({ version }) => version),
      withdrawn: withdrawn.map(({ version }) => version),
    }));
  }

  async #pinned(): Promise<string[]> {
    const { snapshots } = (await this.#ask("snapshot", "list")) as {
      snapshots: { id: string; pinned: object | null }[];
    };
    return snapshots.flatMap(({ id, pinned }) => (pinned === null ? [] : [id]));
  }

  async #ask(...argv: string[]): Promise<unknown> {
    const { status, stdout } = await jamHere(this.#folder, [...argv, "-o", "json"]);
    if (status !== 0) throw new Error(`jam ${argv.join(" ")} ended with ${status}: ${stdout}`);
    return JSON.parse(stdout);
  }
}

/** A tree as a client of a plain web server finds it. */
export interface Listed {
  readonly snapshot: string;
  readonly versions: readonly string[];
}

interface IndexFile {
  readonly index: Readonly<Record<string, { readonly path: string }>>;
}

interface Item {
  readonly version: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/**
 * Follows the index of a folder to every tarball. Throws where product files of two snapshots meet, or where something that is
 * listed is not there with its bytes; of the versions in `damaged` only the bytes may be wrong or missing.
 */
export async function readListed(tools: string, damaged: ReadonlySet<string>): Promise<Listed> {
  const index = JSON.parse(await readFile(join(tools, "streams/v1/index2.json"), "utf8")) as IndexFile;
  const snapshots = new Set<string>();
  const versions = new Set<string>();
  for (const { path } of Object.values(index.index)) {
    snapshots.add(/^streams\/v1\/([^/]+)\//.exec(path)?.[1] ?? path);
    const text = await readFile(join(tools, path), "utf8");
    for (const [found] of text.matchAll(/\{[^{}]*"sha256"[^{}]*\}/g)) {
      const item = JSON.parse(found) as Item;
      versions.add(item.version);
      if (!damaged.has(item.version)) await checkTarball(tools, item);
    }
  }
  const [snapshot = "", ...others] = snapshots;
  if (others.length > 0) throw new Error(`An index of ${[...snapshots].join(" and ")}`);
  return { snapshot, versions: [...versions] };
}

async function checkTarball(tools: string, { path, size, sha256 }: Item): Promise<void> {
  const bytes = await readFile(join(tools, path)).catch(() => undefined);
  if (bytes === undefined) throw new Error(`${path} is listed and not there`);
  if (bytes.length !== size || sha256Of(bytes) !== sha256) throw new Error(`${path} has wrong bytes`);
}

export function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
