import type { VolumeInput } from "../../medium/medium.ts";
import { isOfFamily } from "../../shared/errors.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import { damagedBundle } from "../format/bundle-faults.ts";
import { isPart } from "../format/volume-label.ts";
import { ByteReader } from "./byte-reader.ts";
import type { FileSource } from "./file-source.ts";
import { VolumeReader, type ArrivingSlice, type VolumeHead } from "./volume-reader.ts";

/** One volume while it is being read. */
export interface OpenVolume {
  /** Its name in messages. */
  readonly name: string;
  readonly head: VolumeHead;
  /** Its contents, to be read in this order. */
  slices(): AsyncIterable<ArrivingSlice>;
}

/**
 * The volumes of an input, one after the other: usually one in a file, any number in a stream. Each must be read to its
 * end before the next one is requested.
 * @param file which `input.open` reads: slices can be taken as parts of it
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_…
 */
export async function* readVolumes(input: VolumeInput, file?: FileSource): AsyncGenerator<OpenVolume> {
  const bytes = new ByteReader(input.open(), file);
  try {
    for (let count = 1; count === 1 || !(await bytes.isAtEnd()); count += 1) {
      if (count > 1) await refuseAppended(bytes, input);
      const name = count === 1 ? input.name : `${input.name} (volume ${count} in it)`;
      const reader = new VolumeReader(bytes, name);
      const head = await reader.readHead();
      yield { name, head, slices: () => reader.slices(head) };
    }
  } finally {
    await bytes.close();
  }
}

/** How the first volume of an input begins. */
export interface VolumeBeginning {
  readonly head: VolumeHead;
  /** Upstream's documents that are whole in this volume, by hash; none where they were not wanted. */
  readonly documents: ReadonlyMap<Sha256, Uint8Array>;
}

/**
 * The head of the first volume of an input; nothing after it is read.
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_…
 */
export async function readHead(input: VolumeInput): Promise<VolumeHead> {
  return (await readBeginning(input, () => false)).head;
}

/**
 * The head of the first volume of an input, and upstream's documents, which come before the tarballs. Nothing after them is
 * read. What ends early or has other bytes is left out: an import says what is wrong with it.
 * @param wantsDocuments is asked before any document is read; what it throws ends the reading
 * @throws JamError as `readHead`
 */
export async function readBeginning(
  input: VolumeInput,
  wantsDocuments: (head: VolumeHead) => boolean | Promise<boolean>,
): Promise<VolumeBeginning> {
  const bytes = new ByteReader(input.open());
  try {
    const reader = new VolumeReader(bytes, input.name);
    const head = await reader.readHead();
    const documents = (await wantsDocuments(head))
      ? await readDocuments(reader, head)
      : new Map<Sha256, Uint8Array>();
    return { head, documents };
  } finally {
    await bytes.close();
  }
}

async function readDocuments(reader: VolumeReader, head: VolumeHead): Promise<Map<Sha256, Uint8Array>> {
  const documents = new Map<Sha256, Uint8Array>();
  try {
    for await (const { slice, bytes } of reader.slices(head)) {
      if (slice.content.kind === "tarball") break;
      const pieces: Uint8Array[] = [];
      for await (const piece of bytes) pieces.push(Uint8Array.from(piece));
      const document = Buffer.concat(pieces);
      const { sha256 } = slice.content;
      if (!isPart(slice) && sha256Of(document) === sha256) documents.set(sha256, document);
    }
  } catch (error) {
    if (!isOfFamily(error, "bundle")) throw error;
  }
  return documents;
}

/** After a volume there is another one or nothing. */
async function refuseAppended(bytes: ByteReader, input: VolumeInput): Promise<void> {
  const magic = await bytes.peek(MAGIC.length);
  if (magic.equals(MAGIC)) return;
  throw damagedBundle(input.name, `there is unexpected data after its end, at byte ${bytes.position}`);
}

/** How every volume begins: the name of its first file. */
const MAGIC = Buffer.from("jam-volume.json\0");

/** Archives that were found together: a stick may contain archives of other programs. */
export interface SortedInputs {
  readonly volumes: readonly VolumeInput[];
  readonly others: readonly VolumeInput[];
}

/** Separates volumes from other archives by their first bytes. If none looks like a volume, all count as damaged volumes. */
export async function sortInputs(inputs: readonly VolumeInput[]): Promise<SortedInputs> {
  const others: VolumeInput[] = [];
  for (const input of inputs) {
    // A stream can be read only once, so it is not opened here.
    if (input.size !== undefined && !(await beginsAsVolume(input))) others.push(input);
  }
  if (others.length === inputs.length) return { volumes: inputs, others: [] };
  return { volumes: inputs.filter((input) => !others.includes(input)), others };
}

async function beginsAsVolume(input: VolumeInput): Promise<boolean> {
  const bytes = new ByteReader(input.open());
  try {
    return (await bytes.peek(MAGIC.length)).equals(MAGIC);
  } finally {
    await bytes.close();
  }
}
