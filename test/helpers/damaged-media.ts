/**
 * What happens to media on their way, done to a copy of a bundle's folder.
 *
 * ```ts
 * await using copy = await copyOf(folder);
 * await copy.flip("jam-x.002.tar", await copy.partOf("jam-x.002.tar", "manifest.json", "body"));
 * ```
 */
import { cp, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BLOCK = 512;

export interface DamagedMedia extends AsyncDisposable {
  readonly folder: string;
  path(name: string): string;
  /** Bytes of every file, by name. */
  files(): Promise<ReadonlyMap<string, Buffer>>;
  /** Turns one bit. */
  flip(name: string, offset: number): Promise<void>;
  /** Where a part of an archive's file begins; `file` is a name, or the beginning of one. */
  partOf(name: string, file: string, part: "header" | "body" | "padding"): Promise<number>;
}

/** A copy of a folder, which goes when the scope ends. */
export async function copyOf(source: string): Promise<DamagedMedia> {
  const folder = await mkdtemp(join(tmpdir(), "jam-media-"));
  await cp(source, folder, { recursive: true });
  const path = (name: string) => join(folder, name);
  return {
    folder,
    path,
    files: () => filesOf(folder),
    async flip(name, offset) {
      const file = await open(path(name), "r+");
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, offset);
      byte[0] = (byte[0] as number) ^ 0x10;
      await file.write(byte, 0, 1, offset);
      await file.close();
    },
    async partOf(name, file, part) {
      const found = membersOf(await readFile(path(name))).find((member) => member.name.startsWith(file));
      if (found === undefined) throw new Error(`${name} holds no ${file}`);
      const { start, size } = found;
      // Ten bytes in: a header's first block ends in zeros, and a body may begin with something fixed.
      return start + { header: 10, body: BLOCK + 10, padding: BLOCK + size }[part];
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Bytes of every file of a folder, by name. */
export async function filesOf(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = (await readdir(folder)).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

/** The files of a tar archive as their headers tell. */
export function membersOf(
  archive: Buffer,
): { readonly name: string; readonly start: number; readonly size: number }[] {
  const members = [];
  for (let start = 0; archive[start] !== undefined && archive[start] !== 0;) {
    const name = archive.toString("latin1", start, start + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(archive.toString("latin1", start + 124, start + 136), 8);
    members.push({ name, start, size });
    start += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return members;
}
