import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { attemptUnlessAbsent } from "../../disk/io-error.ts";
import { JamError } from "../../shared/errors.ts";
import { FORMAT_FILE, STORE_FORMAT, formatFormat, parseFormat } from "../layout.ts";
import type { Store } from "../store.ts";
import { fsDocumentStore, WITHOUT_WAITING } from "./documents.ts";
import { fsRefStore } from "./refs.ts";

/** Who reads has no lease to lose. */
const noLease = () => undefined;

/**
 * The part of the store in a folder that answers what is held; opening it loads nothing of the rest. A folder that is
 * missing or empty holds nothing.
 * @throws JamError JAM_STORE_FORMAT when a newer jam wrote it, JAM_STORE_PERMISSION, JAM_STORE_IO
 */
export async function openFsReader(dataDir: string): Promise<Pick<Store, "documents" | "refs">> {
  const root = resolve(dataDir);
  await readStoreFormat(root);
  return { documents: fsDocumentStore(root, noLease), refs: fsRefStore(root, noLease) };
}

/**
 * The format of the store in a folder; undefined when there is no store yet. With `acceptsNone`, also where the file that
 * names it is damaged: for whoever repairs it.
 * @throws JamError JAM_STORE_FORMAT when a newer jam wrote it, JAM_STORE_PERMISSION, JAM_STORE_IO
 */
export async function readStoreFormat(
  root: string,
  { acceptsNone = false }: { readonly acceptsNone?: boolean } = {},
): Promise<number | undefined> {
  const path = join(root, FORMAT_FILE);
  const text = await readFormat(path, acceptsNone);
  if (text === undefined) return undefined;
  const format = parseFormat(text);
  if (format !== undefined && format <= STORE_FORMAT) return format;
  if (format === undefined && acceptsNone) return undefined;
  const isNewer = format !== undefined;
  throw new JamError(
    "JAM_STORE_FORMAT",
    isNewer
      ? `${root} has store format ${format}; this jam knows formats up to ${STORE_FORMAT}.`
      : `${path} does not name a store format.`,
    {
      hint: isNewer
        ? "Use the newer jam that wrote it, or another data directory."
        : `If this is a mirror of jam, put the line "${formatFormat(STORE_FORMAT).trim()}" there.`,
      details: { path, found: format ?? text.slice(0, 80), supported: STORE_FORMAT },
    },
  );
}

async function readFormat(path: string, acceptsNone: boolean): Promise<string | undefined> {
  try {
    return await attemptUnlessAbsent(`read ${path}`, () =>
      readFile(path, { encoding: "utf8", flag: WITHOUT_WAITING }),
    );
  } catch (error) {
    // A folder, or a file that this user may not read.
    if (acceptsNone) return undefined;
    throw error;
  }
}
