import { constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { listNames, removeFile, replaceFile, syncFolder } from "../../disk/durable-write.ts";
import { attemptUnlessAbsent } from "../../disk/io-error.ts";
import { isDocumentName } from "../layout.ts";
import type { RequireHeld } from "./lease.ts";
import { checkDocumentName } from "../store-errors.ts";
import type { DocumentKind, DocumentStore } from "../store.ts";

/** A pipe in the place of a document is empty, instead of keeping its reader for as long as nobody writes to it. */
export const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Documents as files `<kind>/<name>`. */
export function fsDocumentStore(root: string, requireHeld: RequireHeld): DocumentStore {
  return {
    async get(kind, name) {
      const path = documentPath(root, kind, name);
      return attemptUnlessAbsent(`read ${path}`, () => readFile(path, { flag: WITHOUT_WAITING }));
    },
    async put(kind, name, bytes) {
      requireHeld();
      await replaceFile(documentPath(root, kind, name), bytes);
    },
    async delete(kind, name) {
      requireHeld();
      if (await removeFile(documentPath(root, kind, name))) await syncFolder(join(root, kind));
    },
    async list(kind) {
      const names = await listNames(join(root, kind));
      return names.filter((name) => isDocumentName(kind, name)).sort();
    },
  };
}

function documentPath(root: string, kind: DocumentKind, name: string): string {
  checkDocumentName(kind, name);
  return join(root, kind, name);
}
