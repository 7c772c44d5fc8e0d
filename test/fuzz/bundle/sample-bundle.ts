import {
  carriedContents,
  formatManifest,
  nameManifest,
  type BundledDocument,
  type BundleManifest,
  type UnnamedManifest,
} from "../../../src/bundle/format/manifest.ts";
import {
  formatLabel,
  isPart,
  LABEL_NAME,
  MANIFEST_NAME,
  SIGNATURE_NAME,
  sliceName,
  VOLUME_FORMAT,
  type VolumeLabel,
} from "../../../src/bundle/format/volume-label.ts";
import { planVolumes, type Slice } from "../../../src/bundle/format/volume-plan.ts";
import { formatAgentName } from "../../../src/juju/agent.ts";
import { buildCatalogue } from "../../../src/juju/catalogue.ts";
import type { SigningKey } from "../../../src/openpgp/signing-key.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { sha256Of, type Sha256 } from "../../../src/shared/sha256.ts";
import { parseProductFile } from "../../../src/simplestreams/product-file.ts";
import type { SampleTree } from "../../peers/sample-upstream/tree.ts";
import { tarArchive, type TarPart } from "./tar-parts.ts";

/** Where the sample's upstream is said to be. */
export const SAMPLE_URL = "https://upstream.example/juju/tools/";

/** The documents that the sample bundles carry as proof. */
const PROOF_PATHS = ["streams/v1/index2.sjson", "streams/v1/com.ubuntu.juju-released-agents.sjson"];

/** A manifest, and the bytes that it speaks of. */
export interface SampleBundle {
  readonly manifest: BundleManifest;
  readonly contents: ReadonlyMap<Sha256, Buffer>;
}

/** A bundle as bytes: its manifest as it is written, the signature over that, and how it is split. */
export interface WrittenBundle extends SampleBundle {
  readonly manifestBytes: Uint8Array;
  readonly signature: string | undefined;
  readonly volumeSize: number | undefined;
}

/** Everything that a sample upstream has among the released agents, as a bundle. */
export async function sampleBundle(
  tree: SampleTree,
  createdAt: Date,
  changes: Partial<UnnamedManifest> = {},
): Promise<SampleBundle> {
  const documents = PROOF_PATHS.map((path) => bundledDocument(tree, path));
  const text = tree.text("streams/v1/com.ubuntu.juju-released-agents.json");
  const file = parseProductFile(text, "agents");
  const { agents } = buildCatalogue(new Map([["com.ubuntu.juju:released:agents" as never, file]]));
  const rows = [...Map.groupBy(agents, ({ path }) => path)].map(([path, group]) => {
    const [{ size, sha256 }] = group as [(typeof agents)[number]];
    return { path, size, sha256, agents: group.map(formatAgentName).sort() };
  });
  const manifest = nameManifest({
    createdAt: createdAt.toISOString(),
    snapshot: "20261127T000000Z-00000001",
    scope: "mirror",
    selection: "everything that the mirror lists",
    proofs: [{ name: "sample", url: SAMPLE_URL, verified: true, documents }],
    catalogue: rows.sort((a, b) => (a.path < b.path ? -1 : 1)),
    baseline: [],
    missing: [],
    advice: [],
    ...changes,
  });
  const all = PROOF_PATHS.map((path) => tree.documents.get(path) as Buffer);
  for (const { source } of tree.items.values()) all.push(await source.read(0, Buffer.alloc(source.length)));
  return { manifest, contents: new Map(all.map((bytes) => [sha256Of(bytes), bytes])) };
}

function bundledDocument(tree: SampleTree, path: string): BundledDocument {
  const bytes = tree.documents.get(path) as Buffer;
  const { fingerprint: signedBy } = tree.key;
  return { path, url: `${SAMPLE_URL}${path}`, sha256: sha256Of(bytes), size: bytes.length, signedBy };
}

/** The manifest with other content and the id that goes with it. */
export function withChanges(manifest: BundleManifest, changes: Partial<BundleManifest>): BundleManifest {
  const { id: _id, format: _format, ...rest } = { ...manifest, ...changes };
  return { ...nameManifest(rest), ...(changes.format === undefined ? {} : changes) };
}

/** The bundle as its maker writes it. */
export async function writeSample(
  { manifest, contents }: SampleBundle,
  signer: SigningKey | undefined,
  volumeSize?: number,
): Promise<WrittenBundle> {
  const manifestBytes = formatManifest(manifest);
  const signature = await signer?.signDetached(manifestBytes, new Date(manifest.createdAt));
  return { manifest, contents, manifestBytes, signature, volumeSize };
}

/** The files of every volume, for tests to change before they become archives. */
export function volumeParts(bundle: WrittenBundle): TarPart[][] {
  const { manifest, manifestBytes, signature, volumeSize, contents } = bundle;
  const plans = planVolumes({
    contents: carriedContents(manifest),
    manifestBytes: manifestBytes.length,
    signatureBytes: signature?.length ?? 0,
    volumeSize,
  });
  return plans.map(({ number, slices }) => {
    const bodies = slices.map((slice) => sliceBody(slice, contents));
    const label: VolumeLabel = {
      format: VOLUME_FORMAT,
      bundle: manifest.id,
      number,
      count: plans.length,
      volumeSize: volumeSize ?? null,
      firstPart: partHash(slices[0], bodies[0]),
      lastPart: partHash(slices.at(-1), bodies.at(-1)),
    };
    return [
      { name: LABEL_NAME, body: formatLabel(label) },
      { name: MANIFEST_NAME, body: manifestBytes },
      ...(signature === undefined ? [] : [{ name: SIGNATURE_NAME, body: Buffer.from(signature) }]),
      ...slices.map((slice, index) => ({ name: sliceName(slice), body: bodies[index] as Buffer })),
    ];
  });
}

/** The archives of a bundle. Volumes but the last are filled with empty blocks to their size. */
export function volumeArchives(bundle: WrittenBundle): Buffer[] {
  const volumes = volumeParts(bundle);
  return volumes.map((parts, index) => {
    const archive = tarArchive(parts);
    const fill = index === volumes.length - 1 ? 0 : (bundle.volumeSize ?? 0) - archive.length;
    return Buffer.concat([archive, Buffer.alloc(Math.max(0, fill))]);
  });
}

/** The smallest volumes that the bundle can be split into, so that there are as many as can be. */
export function smallestVolumeSize({ manifest, manifestBytes, signature }: WrittenBundle): number {
  const layout = {
    contents: carriedContents(manifest),
    manifestBytes: manifestBytes.length,
    signatureBytes: signature?.length ?? 0,
  };
  for (let volumeSize = 512; ; volumeSize += 512) {
    try {
      planVolumes({ ...layout, volumeSize });
      return volumeSize;
    } catch (error) {
      if (!isJamError(error, "JAM_USAGE_INVALID")) throw error;
    }
  }
}

function sliceBody({ content, offset, length }: Slice, contents: ReadonlyMap<Sha256, Uint8Array>): Buffer {
  const bytes = contents.get(content.sha256);
  const body = Buffer.alloc(length);
  if (bytes !== undefined) body.set(bytes.subarray(offset, offset + length));
  return body;
}

function partHash(slice: Slice | undefined, body: Uint8Array | undefined): Sha256 | null {
  return slice === undefined || body === undefined || !isPart(slice) ? null : sha256Of(body);
}
