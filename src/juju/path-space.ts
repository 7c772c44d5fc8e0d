/**
 * Paths that can coexist in one tree, also on disks and media that ignore case: no path is a folder of
 * another, and none differs from another in case only.
 */
export class PathSpace {
  /** Lower case → as it was taken first. */
  readonly #files = new Map<string, string>();
  /** Lower case → its spelling, and a file below it. */
  readonly #folders = new Map<string, { readonly spelling: string; readonly file: string }>();
  /** The folder that was asked for last and is known: lists have the paths of one folder next to each other. */
  #lastKnown: string | undefined;

  constructor(paths: Iterable<string> = []) {
    for (const path of paths) this.take(path);
  }

  /** Takes the path, or leaves it out and returns the earlier path that it conflicts with. */
  take(path: string): string | undefined {
    const key = path.toLowerCase();
    // A folder that is known fits, and so does all that it is in: most paths are in one.
    const isInKnown = this.#isKnown(parentOf(path));
    const clash = this.#clashOf(path, { key, isInKnown });
    if (clash !== undefined) return clash;
    this.#files.set(key, path);
    if (isInKnown) return undefined;
    for (const folder of foldersOf(path)) {
      const below = folder.toLowerCase();
      if (!this.#folders.has(below)) this.#folders.set(below, { spelling: folder, file: path });
    }
    return undefined;
  }

  #isKnown(folder: string): boolean {
    if (folder === this.#lastKnown) return true;
    if (this.#folders.get(folder.toLowerCase())?.spelling !== folder) return false;
    this.#lastKnown = folder;
    return true;
  }

  #clashOf(
    path: string,
    { key, isInKnown }: { readonly key: string; readonly isInKnown: boolean },
  ): string | undefined {
    const same = this.#files.get(key);
    if (same !== undefined) return same === path ? undefined : same;
    const below = this.#folders.get(key);
    if (below !== undefined) return below.file;
    if (isInKnown) return undefined;
    for (const folder of foldersOf(path)) {
      const file = this.#files.get(folder.toLowerCase());
      if (file !== undefined) return file;
      const known = this.#folders.get(folder.toLowerCase());
      if (known !== undefined && known.spelling !== folder) return known.file;
    }
    return undefined;
  }
}

/** `a/b/c` → `a/b`. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** `a/b/c` → `a`, `a/b`. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) folders.push(path.slice(0, at));
  return folders;
}
