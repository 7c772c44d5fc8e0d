import type { MediumWriter } from "../medium/medium.ts";
import { JamError } from "../shared/errors.ts";
import { type Hashed, hashPieces, sha256Of, type Sha256 } from "../shared/sha256.ts";
import { formatSums, parseSums, type Sum } from "../shared/sums.ts";
import type { ProgramSource } from "./find-program.ts";
import { GUIDES } from "./inspect-archive.ts";
import { archiveName } from "./installation.ts";

/** An archive on the medium. */
export interface PutArchive {
  /** File name in the folder of the medium. */
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** False when exactly this file was there already. */
  readonly isNew: boolean;
}

export interface PutProgram {
  readonly archives: readonly PutArchive[];
  /** Whether `SHA256SUMS` has the signature of the maker of all archives. */
  readonly isSigned: boolean;
}

export interface PutOptions {
  /** Replaces other files under the same names. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/**
 * Puts archives of jam on a medium, with `install.sh`, `INSTALL.txt`, `SHA256SUMS` and, where the maker of all of them signed
 * that, the signature. Each file is written under another name, flushed, read again and then given its name; archives come
 * first. A file that is there with the same bytes stays.
 * @throws JamError JAM_PROGRAM_EXISTS for other files under these names, JAM_PROGRAM_DAMAGED, JAM_MEDIUM_…
 */
export async function putOnMedium(
  medium: MediumWriter,
  sources: readonly ProgramSource[],
  options: PutOptions,
): Promise<PutProgram> {
  await medium.clean();
  await requireSpace(medium, sources);
  const guides = newest(sources).guides;
  for (const [index, name] of GUIDES.entries()) await refuseOther(medium, name, guides[index], options);
  const archives: PutArchive[] = [];
  for (const source of sources) archives.push(await putArchive(medium, source, options));
  const { text, signature } = await sumsFor(medium, sources, archives);
  await putText(medium, "SHA256SUMS", Buffer.from(text), { ...options, force: true });
  if (signature === undefined) await medium.remove("SHA256SUMS.asc");
  else await putText(medium, "SHA256SUMS.asc", Buffer.from(signature), { ...options, force: true });
  for (const [index, name] of GUIDES.entries()) {
    await putText(medium, name, guides[index] ?? Buffer.alloc(0), options);
  }
  return { archives, isSigned: signature !== undefined };
}

/** The guide of the newest version fits all. */
function newest(sources: readonly ProgramSource[]): ProgramSource {
  const [first, ...others] = sources;
  if (first === undefined) throw new Error("there is no program to put on a medium");
  return others.reduce(
    (best, one) => (one.installation.madeAt > best.installation.madeAt ? one : best),
    first,
  );
}

async function requireSpace(medium: MediumWriter, sources: readonly ProgramSource[]): Promise<void> {
  const present = new Set(await medium.list());
  const needed = sources
    .filter(({ installation }) => !present.has(`${archiveName(installation)}.tar.gz`))
    .reduce((sum, { sha256, size }) => sum + (sha256 === undefined ? size / 2 : size), 0);
  // A folder that is still to be made has no free space to ask for; writing says what is wrong with it.
  const free = await medium.freeBytes().catch(() => Infinity);
  if (free >= needed) return;
  throw new JamError(
    "JAM_MEDIUM_NO_SPACE",
    `${medium.folder}: ${needed} bytes are needed, ${free} are free.`,
    {
      hint: "Use a larger medium, or fewer architectures with --arch.",
      details: { needed, free },
    },
  );
}

async function putArchive(
  medium: MediumWriter,
  source: ProgramSource,
  { force, signal }: PutOptions,
): Promise<PutArchive> {
  const { version, arch } = source.installation;
  const name = `${archiveName(source.installation)}.tar.gz`;
  const existing = await hashOn(medium, name);
  if (existing !== undefined) {
    const sha256 = source.sha256 ?? (await hashPieces(untilAborted(source.open(), signal))).sha256;
    if (existing.sha256 === sha256) return { name, version, arch, ...existing, isNew: false };
    if (!force) throw exists(medium, name);
  }
  const written = await medium.write(name, untilAborted(source.open(), signal));
  const listed = parseSums(source.sums?.text ?? "").find((sum) => sum.name === name)?.sha256;
  const expected = source.sha256 ?? listed ?? written.sha256;
  if (expected !== written.sha256) {
    await medium.remove(name);
    throw damaged(medium, name, "is not the file that the maker's SHA256SUMS lists");
  }
  if ((await hashOn(medium, name))?.sha256 !== written.sha256) throw unlike(medium, name);
  return { name, version, arch, ...written, isNew: true };
}

async function* untilAborted(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    signal.throwIfAborted();
    yield piece;
  }
}

/**
 * The text of `SHA256SUMS` for every archive on the medium: the maker's own, signed text when it lists them all, else one made
 * here, without a signature.
 */
async function sumsFor(
  medium: MediumWriter,
  sources: readonly ProgramSource[],
  archives: readonly PutArchive[],
): Promise<{ readonly text: string; readonly signature: string | undefined }> {
  const sums = new Map<string, Sum>();
  const before = await readOn(medium, "SHA256SUMS");
  const present = new Set(await medium.list());
  for (const sum of parseSums(before ?? "")) if (present.has(sum.name)) sums.set(sum.name, sum);
  for (const { name, sha256 } of archives) sums.set(name, { name, sha256: sha256 as Sha256 });
  const makers = sources.flatMap((source) => (source.sums === undefined ? [] : [source.sums]));
  const signatureBefore = await readOn(medium, "SHA256SUMS.asc");
  if (before !== undefined) makers.push({ text: before, signature: signatureBefore });
  const complete = makers.filter(({ text }) => listsAll(text, sums));
  const best = complete.find(({ signature }) => signature !== undefined) ?? complete[0];
  if (best !== undefined) return best;
  const lines = [...sums.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { text: formatSums(lines), signature: undefined };
}

function listsAll(text: string, sums: ReadonlyMap<string, Sum>): boolean {
  const listed = new Map(parseSums(text).map(({ name, sha256 }) => [name, sha256]));
  return [...sums.values()].every(({ name, sha256 }) => listed.get(name) === sha256);
}

async function refuseOther(
  medium: MediumWriter,
  name: string,
  bytes: Uint8Array | undefined,
  { force }: PutOptions,
): Promise<void> {
  const existing = await hashOn(medium, name);
  if (existing === undefined || force || existing.sha256 === sha256Of(bytes ?? new Uint8Array())) return;
  throw exists(medium, name);
}

async function putText(
  medium: MediumWriter,
  name: string,
  bytes: Buffer,
  options: PutOptions,
): Promise<void> {
  await refuseOther(medium, name, bytes, options);
  if ((await hashOn(medium, name))?.sha256 === sha256Of(bytes)) return;
  await medium.write(name, inOnePiece(bytes));
  if ((await hashOn(medium, name))?.sha256 !== sha256Of(bytes)) throw unlike(medium, name);
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function hashOn(medium: MediumWriter, name: string): Promise<Hashed | undefined> {
  const input = await medium.input(name);
  return input === undefined ? undefined : hashPieces(input.open());
}

async function readOn(medium: MediumWriter, name: string): Promise<string | undefined> {
  const input = await medium.input(name);
  if (input === undefined) return undefined;
  const pieces: Buffer[] = [];
  // A piece is valid until the next one is requested.
  for await (const piece of input.open()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString("utf8");
}

function exists({ folder }: MediumWriter, name: string): JamError {
  return new JamError("JAM_PROGRAM_EXISTS", `${folder} contains another ${name}.`, {
    hint: "Use another folder, or replace it with --force.",
    details: { folder, file: name },
  });
}

function damaged({ folder }: MediumWriter, name: string, reason: string): JamError {
  return new JamError("JAM_PROGRAM_DAMAGED", `${name} ${reason}.`, {
    hint: "`jam self verify` checks the program that runs. Install jam again from its archive, or give --archive.",
    details: { folder, file: name },
  });
}

function unlike({ folder }: MediumWriter, name: string): JamError {
  return new JamError("JAM_MEDIUM_UNUSABLE", `${folder} does not return what was written to ${name}.`, {
    hint: "Use another medium: this one damages files.",
    details: { folder, file: name },
  });
}
