import { damagedBundle } from "../format/bundle-fault.ts";
import type { Inlet } from "../ports.ts";
import { ByteReader } from "./byte-reader.ts";
import { VolumeReader, type ArrivingSlice, type VolumeHead } from "./volume-reader.ts";

/** One volume while it is being read. */
export interface OpenVolume {
  /** How messages call it. */
  readonly name: string;
  readonly head: VolumeHead;
  /** Its contents, to be taken in turn. */
  slices(): AsyncIterable<ArrivingSlice>;
}

/**
 * The volumes of an inlet, one behind the other: usually one in a file, any number in a stream. Each must be read to
 * its end before the next one is asked for.
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_…
 */
export async function* readVolumes(inlet: Inlet): AsyncGenerator<OpenVolume> {
  const bytes = new ByteReader(inlet.open());
  try {
    for (let count = 1; count === 1 || !(await bytes.isAtEnd()); count += 1) {
      if (count > 1) await refuseAppended(bytes, inlet);
      const name = count === 1 ? inlet.name : `${inlet.name} (volume ${count} in it)`;
      const reader = new VolumeReader(bytes, name);
      const head = await reader.readHead();
      yield { name, head, slices: () => reader.slices(head) };
    }
  } finally {
    await bytes.close();
  }
}

/**
 * What the first volume of an inlet says of itself; nothing behind that is read.
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_…
 */
export async function readHead(inlet: Inlet): Promise<VolumeHead> {
  const bytes = new ByteReader(inlet.open());
  try {
    return await new VolumeReader(bytes, inlet.name).readHead();
  } finally {
    await bytes.close();
  }
}

/** Behind a volume there is another one or nothing. */
async function refuseAppended(bytes: ByteReader, inlet: Inlet): Promise<void> {
  const magic = await bytes.peek(MAGIC.length);
  if (magic.equals(MAGIC)) return;
  throw damagedBundle(inlet.name, `something was appended behind its end, at byte ${bytes.position}`);
}

/** How every volume begins: the name of its first file. */
const MAGIC = Buffer.from("jam-volume.json\0");

/** Archives that were found together: a stick may hold others than ours. */
export interface SortedInlets {
  readonly volumes: readonly Inlet[];
  readonly others: readonly Inlet[];
}

/** Tells volumes from other archives by how they begin. Where none looks like a volume, all are taken for damaged ones. */
export async function sortInlets(inlets: readonly Inlet[]): Promise<SortedInlets> {
  const others: Inlet[] = [];
  for (const inlet of inlets) {
    // What comes once must not be opened to look.
    if (inlet.size !== undefined && !(await beginsAsVolume(inlet))) others.push(inlet);
  }
  if (others.length === inlets.length) return { volumes: inlets, others: [] };
  return { volumes: inlets.filter((inlet) => !others.includes(inlet)), others };
}

async function beginsAsVolume(inlet: Inlet): Promise<boolean> {
  const bytes = new ByteReader(inlet.open());
  try {
    return (await bytes.peek(MAGIC.length)).equals(MAGIC);
  } finally {
    await bytes.close();
  }
}
