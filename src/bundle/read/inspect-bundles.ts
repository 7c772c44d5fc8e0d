import type { VolumeInput } from "../../medium/medium.ts";
import { isOfFamily } from "../../shared/errors.ts";
import { carriedContents, type BundleManifest } from "../format/manifest.ts";
import { checkSignature, type Fault, type SignatureCheck, type VerifyDetached } from "../signing.ts";
import { readHead } from "./read-volumes.ts";
import type { VolumeHead } from "./volume-reader.ts";

/** An agent that a bundle lists. */
export interface ListedAgent {
  readonly agent: string;
  /** Upstream's path. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** False for one that the far side must already have. */
  readonly carried: boolean;
}

/** The description of a bundle by its own manifest. */
export interface InspectedBundle {
  readonly manifest: BundleManifest;
  readonly signature: SignatureCheck;
  readonly carries: {
    readonly agents: number;
    readonly tarballs: number;
    readonly documents: number;
    /** Of tarballs and documents. */
    readonly bytes: number;
  };
  readonly agents: readonly ListedAgent[];
  readonly volumes: {
    /** Numbers, ascending. */
    readonly found: readonly number[];
    readonly count: number;
    readonly volumeSize: number | null;
  };
}

/** A file whose head cannot be read. */
export interface UnreadableVolume extends Fault {
  readonly path: string;
}

/** The result of reading the heads of volumes. */
export interface Inspection {
  readonly bundles: readonly InspectedBundle[];
  readonly faults: readonly UnreadableVolume[];
}

/**
 * Reads only the head of each volume. A bundle that is not trusted is not refused; its signature's state is in the result.
 * @throws JamError as the first unreadable head when none can be read
 */
export async function inspectBundles(
  inputs: readonly VolumeInput[],
  verifyDetached: VerifyDetached,
): Promise<Inspection> {
  const found = new Map<string, { readonly head: VolumeHead; readonly name: string; numbers: number[] }>();
  const errors: { readonly path: string; readonly error: Error & Fault }[] = [];
  for (const input of inputs) {
    try {
      const head = await readHead(input);
      const { manifest, label, signature } = head;
      // Volumes of one bundle with different volume sizes or signatures do not belong together.
      const key = JSON.stringify([manifest.id, label.volumeSize, signature ?? null]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { head, name: input.name, numbers: [label.number] });
      else known.numbers.push(label.number);
    } catch (error) {
      if (!isOfFamily(error, "bundle", "medium")) throw error;
      errors.push({ path: input.name, error });
    }
  }
  if (found.size === 0 && errors[0] !== undefined) throw errors[0].error;
  const bundles = [...found.values()].map(async ({ head, name, numbers }) =>
    describe(
      head,
      numbers,
      await checkSignature(head.manifestBytes, head.signature, {
        name: `${name}: bundle ${head.manifest.id}`,
        verifyDetached,
      }),
    ),
  );
  return {
    bundles: await Promise.all(bundles),
    faults: errors.map(({ path, error: { code, message } }) => ({ path, code, message })),
  };
}

function describe(
  { manifest, label }: VolumeHead,
  numbers: readonly number[],
  signature: SignatureCheck,
): InspectedBundle {
  const contents = carriedContents(manifest);
  const hashes = new Set<string>(contents.map(({ sha256 }) => sha256));
  const agents = manifest.catalogue.flatMap(({ path, size, sha256, agents }) =>
    agents.map((agent) => ({ agent, path, size, sha256, carried: hashes.has(sha256) })),
  );
  const tarballs = contents.filter(({ kind }) => kind === "tarball").length;
  return {
    manifest,
    signature,
    agents,
    carries: {
      agents: agents.filter(({ carried }) => carried).length,
      tarballs,
      documents: contents.length - tarballs,
      bytes: contents.reduce((sum, { size }) => sum + size, 0),
    },
    volumes: {
      found: [...new Set(numbers)].sort((a, b) => a - b),
      count: label.count,
      volumeSize: label.volumeSize,
    },
  };
}
