import { createReadStream } from "node:fs";
import { list, type ReadEntry } from "tar";
import { JamError, systemCode } from "../shared/errors.ts";
import { type Hashed, hashPieces, startSha256, type Sha256 } from "../shared/sha256.ts";
import { parsePathSums } from "../shared/sums.ts";
import {
  archiveName,
  FILES_LIST,
  INSTALLATION_FILE,
  parseInstallation,
  type Installation,
} from "./installation.ts";

/** Files of the program that are put next to its archive, too. */
export const GUIDES = ["install.sh", "INSTALL.txt"] as const;

/** An archive of jam whose every file was compared with the list in it. */
export interface ProgramArchive {
  readonly installation: Installation;
  /** Bytes of the archive. */
  readonly size: number;
  /** Of the archive. */
  readonly sha256: Sha256;
  /** Bytes of the files in it. */
  readonly unpackedBytes: number;
  /** The contents of `GUIDES`, in that order. */
  readonly guides: readonly Buffer[];
}

/** Only small files are kept in memory. */
const MAX_TEXT_BYTES = 4 * 2 ** 20;
const TEXTS: ReadonlySet<string> = new Set([INSTALLATION_FILE, FILES_LIST, ...GUIDES]);

interface Contents {
  readonly sums: Map<string, string>;
  readonly texts: Map<string, Buffer>;
  /** The first name of every path. */
  readonly roots: Set<string>;
  bytes: number;
}

/**
 * Reads an archive of jam to its end.
 * @throws JamError JAM_PROGRAM_DAMAGED when it is none or not whole, JAM_MEDIUM_UNUSABLE when it cannot be read
 */
export async function inspectArchive(path: string): Promise<ProgramArchive> {
  const { size, sha256 } = await hashArchive(path);
  const contents: Contents = { sums: new Map(), texts: new Map(), roots: new Set(), bytes: 0 };
  try {
    await list({ file: path, strict: true, onReadEntry: (entry) => readEntry(entry, contents) });
  } catch (cause) {
    throw damaged(path, "it cannot be unpacked", cause);
  }
  const installation = parseInstallation(textOf(contents, INSTALLATION_FILE));
  if (installation === undefined) throw damaged(path, `it has no ${INSTALLATION_FILE}`);
  const name = archiveName(installation);
  const [root] = contents.roots;
  if (contents.roots.size !== 1 || root !== name)
    throw damaged(path, `not everything in it is below ${name}/`);
  compareSums(path, contents);
  const guides = GUIDES.map((guide) => contents.texts.get(guide) ?? Buffer.alloc(0));
  return { installation, size, sha256, unpackedBytes: contents.bytes, guides };
}

function hashArchive(path: string): Promise<Hashed> {
  return hashPieces(createReadStream(path)).catch((cause: unknown) => {
    throw new JamError("JAM_MEDIUM_UNUSABLE", `Cannot read ${path} (${systemCode(cause) ?? "unreadable"}).`, {
      hint: "Check the path of --archive.",
      details: { path },
      cause,
    });
  });
}

function readEntry(entry: ReadEntry, contents: Contents): void {
  const { sums, texts, roots } = contents;
  contents.bytes += entry.size;
  const [root = "", ...names] = entry.path.replace(/\/$/, "").split("/");
  roots.add(root);
  if (entry.type === "Directory") {
    entry.resume();
    return;
  }
  const path = names.join("/");
  const hash = startSha256();
  const pieces: Buffer[] = [];
  const isKept = TEXTS.has(path) && entry.size <= MAX_TEXT_BYTES;
  entry.on("data", (piece) => {
    hash.update(piece);
    if (isKept) pieces.push(piece);
  });
  entry.on("end", () => {
    // Anything but a plain file has no bytes, and is not in the list either.
    sums.set(path, entry.type === "File" && !sums.has(path) ? hash.digest("hex") : entry.type);
    if (isKept) texts.set(path, Buffer.concat(pieces));
  });
}

function compareSums(path: string, { sums, texts }: Contents): void {
  const listed = parsePathSums(texts.get(FILES_LIST)?.toString("utf8") ?? "");
  if (listed === undefined || listed.length === 0) throw damaged(path, `it has no ${FILES_LIST}`);
  const left = new Map(sums);
  left.delete(FILES_LIST);
  for (const { name, sha256 } of listed) {
    if (left.get(name) !== sha256) throw damaged(path, `${name} is not the file that its list names`);
    left.delete(name);
  }
  const [unexpected] = left.keys();
  if (unexpected !== undefined) throw damaged(path, `${unexpected} is not in its list`);
}

function textOf({ texts }: Contents, name: string): string {
  return texts.get(name)?.toString("utf8") ?? "";
}

function damaged(path: string, reason: string, cause?: unknown): JamError {
  return new JamError("JAM_PROGRAM_DAMAGED", `${path} is not a whole archive of jam: ${reason}.`, {
    hint: "Copy it again from where it was made, and compare it with SHA256SUMS there.",
    details: { path, reason },
    cause,
  });
}
