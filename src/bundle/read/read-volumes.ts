import type { VolumeInput } from "../../medium/medium.ts";
import { damagedBundle } from "../format/bundle-faults.ts";
import { ByteReader } from "./byte-reader.ts";
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
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_…
 */
export async function* readVolumes(input: VolumeInput): AsyncGenerator<OpenVolume> {
  const bytes = new ByteReader(input.open());
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

/**
 * The head of the first volume of an input; nothing after it is read.
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_…
 */
export async function readHead(input: VolumeInput): Promise<VolumeHead> {
  const bytes = new ByteReader(input.open());
  try {
    return await new VolumeReader(bytes, input.name).readHead();
  } finally {
    await bytes.close();
  }
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
