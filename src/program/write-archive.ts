import { create } from "tar";
import { modeOf } from "./installation.ts";
import { byBytes } from "./list-files.ts";

/** What identifies an archive beyond the contents of its files. */
export interface ArchiveOptions {
  /** The folder in the archive. */
  readonly name: string;
  /** Modification time of every entry, in seconds since 1970. */
  readonly madeAt: number;
}

/**
 * The tar.gz of the files in `folder`. The same files give the same bytes wherever they are: entries are sorted, owners,
 * times and modes are fixed, and the gzip header has no name and no time.
 */
export function archiveOf(
  folder: string,
  files: readonly string[],
  { name, madeAt }: ArchiveOptions,
): AsyncIterable<Uint8Array> {
  return create(
    {
      cwd: folder,
      prefix: name,
      portable: true,
      noDirRecurse: true,
      gzip: { level: 6 },
      mtime: new Date(madeAt * 1000),
      onWriteEntry: (entry) => {
        const { stat, path } = entry;
        // The library gives folders of portable archives no time, which tar shows as 1970.
        entry.noMtime = false;
        if (stat !== undefined) stat.mode = stat.isDirectory() ? 0o755 : modeOf(path);
      },
    },
    [...foldersOf(files), ...files],
  ) as AsyncIterable<Uint8Array>;
}

/** The folders of `files` and of those, with the top one. */
function foldersOf(files: readonly string[]): string[] {
  const folders = new Set(["."]);
  for (const file of files) {
    for (let end = file.indexOf("/"); end !== -1; end = file.indexOf("/", end + 1))
      folders.add(file.slice(0, end));
  }
  return [...folders].sort(byBytes);
}
