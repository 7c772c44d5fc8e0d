import { createCipheriv, createHash } from "node:crypto";
import { createWriteStream, open as openCallback, read as readCallback } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { constants, createGzip, gzipSync } from "node:zlib";
import PQueue from "p-queue";
import { Header } from "tar";
import type { Build } from "./era.ts";
import { isAtLeast } from "./release.ts";
import { memorySource, type ByteSource } from "./source.ts";

/** A published file with what metadata says about it. */
export interface SampleItem {
  /** Relative to the base URL. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
  readonly modifiedAt: Date;
  readonly source: ByteSource;
}

type Content = Omit<SampleItem, "path" | "modifiedAt">;

/** Up to here a tarball is made and kept in memory; above it is spooled to an unnamed file. */
const MAX_MEMORY_BYTES = 1024 * 1024;
const PADDING_STEP = 256 * 1024;
const TAR_BLOCK = 512;
/** Roughly what headers and the small files take after compression. */
const OVERHEAD_BYTES = 480;
const ELF_MACHINE: Readonly<Record<string, number>> = { amd64: 62, arm64: 183, ppc64el: 21, s390x: 22 };

const zeros = Buffer.alloc(PADDING_STEP);
const known = new Map<string, Promise<Content>>();
const spooling = new PQueue({ concurrency: 2 });
const open = promisify(openCallback);
const read = promisify(readCallback);

/**
 * The tarball of a build: a real `.tgz` of about `bytes` bytes, the same on every call. Made once per process; a large
 * one lives in a file that has no name any more, so nothing is left behind.
 */
export async function makeTarball(build: Build, bytes: number): Promise<SampleItem> {
  const key = `${build.path} ${bytes}`;
  let content = known.get(key);
  if (content === undefined) {
    content =
      bytes <= MAX_MEMORY_BYTES
        ? Promise.resolve(inMemory(build, bytes))
        : spooling.add(() => spooled(build, bytes));
    known.set(key, content);
  }
  return { path: build.path, modifiedAt: build.release.publishedAt, ...(await content) };
}

/** An item with the given bytes, whatever they are. */
export function itemOf(path: string, bytes: Uint8Array, modifiedAt: Date): SampleItem {
  const buffer = Buffer.from(bytes);
  return { path, modifiedAt, ...describe(buffer) };
}

function describe(bytes: Buffer): Content {
  return {
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    md5: createHash("md5").update(bytes).digest("hex"),
    source: memorySource(bytes),
  };
}

function inMemory(build: Build, bytes: number): Content {
  // Runs of zeros in headers are all that can be compressed; to look for more takes four times as long.
  const options = bytes < 16_384 ? {} : { level: 1, strategy: constants.Z_RLE };
  return describe(gzipSync(Buffer.concat([...tarPieces(build, bytes)]), options));
}

async function spooled(build: Build, bytes: number): Promise<Content> {
  const folder = await mkdtemp(join(tmpdir(), "sample-upstream-"));
  const file = join(folder, "item.tgz");
  const [sha256, md5] = [createHash("sha256"), createHash("md5")];
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sha256.update(chunk);
      md5.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  // Level 0: the padding cannot be compressed, so trying would only cost time.
  const gzip = createGzip({ level: 0, chunkSize: 4 * PADDING_STEP });
  await pipeline(Readable.from(tarPieces(build, bytes)), gzip, measure, createWriteStream(file));
  const descriptor = await open(file, "r");
  await rm(folder, { recursive: true });
  return { size, sha256: sha256.digest("hex"), md5: md5.digest("hex"), source: fileSource(descriptor, size) };
}

function fileSource(descriptor: number, length: number): ByteSource {
  return {
    length,
    async read(position, buffer) {
      const { bytesRead } = await read(descriptor, buffer, 0, buffer.length, position);
      return buffer.subarray(0, bytesRead);
    },
  };
}

/** The files of an agent tarball, in order. Source: juju environs/tools/build.go, versionfile.go */
function* tarPieces(build: Build, bytes: number): Generator<Buffer> {
  const { release, os, arch } = build;
  const suffix = os === "windows" ? ".exe" : "";
  const padding = Math.max(0, bytes - OVERHEAD_BYTES);
  const hasOwnTools = isAtLeast(release, "2.8.0");
  const jujucBytes = hasOwnTools ? Math.floor(padding / 4) : 0;
  const hash = createHash("sha256");
  yield* tarFile(build, `jujud${suffix}`, padding - jujucBytes, (piece) => hash.update(piece));
  if (hasOwnTools) {
    yield* tarFile(build, `jujuc${suffix}`, jujucBytes);
    const word = os === "ubuntu" ? "ubuntu" : os;
    const versions = `versions:\n- version: ${release.version}-${word}-${arch}\n  sha256: ${hash.digest("hex")}\n`;
    yield* tarText(build, "jujud-versions.yaml", versions);
  }
  if (release.tag !== "") yield* tarText(build, "FORCE-VERSION", release.version);
  yield Buffer.alloc(2 * TAR_BLOCK);
}

/** One program of the tarball: a file header of the right kind, its name, then bytes that cannot be compressed. */
function* tarFile(
  build: Build,
  name: string,
  padding: number,
  seen: (piece: Buffer) => unknown = () => {},
): Generator<Buffer> {
  const magic = programMagic(build);
  const title = Buffer.from(`\n${name} ${build.release.version} ${build.arch}: a sample, not a program\n`);
  const size = magic.length + title.length + padding;
  yield tarHeader(build, name, size, 0o755);
  for (const piece of [magic, title]) {
    seen(piece);
    yield piece;
  }
  const key = createHash("sha256").update(`${build.path} ${name}`).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  for (let left = padding; left > 0; left -= PADDING_STEP) {
    const piece = cipher.update(zeros.subarray(0, Math.min(left, PADDING_STEP)));
    seen(piece);
    yield piece;
  }
  yield Buffer.alloc((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
}

function* tarText(build: Build, name: string, text: string): Generator<Buffer> {
  const bytes = Buffer.from(text);
  yield tarHeader(build, name, bytes.length, 0o644);
  yield bytes;
  yield Buffer.alloc((TAR_BLOCK - (bytes.length % TAR_BLOCK)) % TAR_BLOCK);
}

function tarHeader(build: Build, path: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  const owner = { uid: 0, gid: 0, uname: "root", gname: "root" };
  new Header({ path, size, mode, mtime: build.release.publishedAt, type: "File", ...owner }).encode(block);
  return block;
}

function programMagic(build: Build): Buffer {
  if (build.os === "windows") return Buffer.from("MZ\x90\x00", "latin1");
  const elf = Buffer.alloc(64);
  elf.write("\x7fELF\x02\x01\x01", "latin1");
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(ELF_MACHINE[build.arch] ?? 0, 18);
  return elf;
}
