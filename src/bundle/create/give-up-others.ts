import type { MediumWriter } from "../../medium/medium.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../format/parse-manifest.ts";
import { bundleFiles, type BundleFiles } from "../write/bundle-files.ts";
import { readSmall } from "../write/small-files.ts";
import type { BundleBytes } from "../write/volume-bytes.ts";
import { layoutOf, unseal, type WriteProgress } from "../write/write-progress.ts";

const MANIFEST_SUFFIX = ".manifest.json";

/**
 * Removes from an medium what belongs to other bundles, as their manifests beside show, but for the names that `files`
 * is about to take: volumes of two bundles in one folder would be imported as one heap. A manifest goes last, so that a
 * run that is killed can be repeated.
 */
export async function giveUpOthers(
  medium: MediumWriter,
  {
    bundle,
    files,
    before,
  }: {
    readonly bundle: BundleBytes;
    readonly files: BundleFiles;
    readonly before: WriteProgress | undefined;
  },
): Promise<void> {
  await unseal(medium, before ?? { bundle: bundle.id, layout: layoutOf(bundle), volumes: [] });
  const kept = new Set([...files.volumes, files.manifest, files.manifestSignature, files.page]);
  const names = await medium.list();
  for (const name of names.filter((one) => one.endsWith(MANIFEST_SUFFIX))) {
    const manifest = await readManifest(medium, name);
    if (manifest === undefined || manifest.id === bundle.id) continue;
    const base = name.slice(0, -MANIFEST_SUFFIX.length);
    const others = [...names.filter((one) => isVolumeOf(base, one)), ...filesBeside(base)];
    for (const other of others) if (!kept.has(other)) await medium.remove(other);
  }
}

async function readManifest(medium: MediumWriter, name: string): Promise<BundleManifest | undefined> {
  const input = await medium.input(name);
  const bytes = input === undefined ? undefined : await readSmall(input, MAX_MANIFEST_BYTES);
  try {
    return bytes === undefined ? undefined : parseManifest(bytes, name);
  } catch {
    return undefined;
  }
}

function isVolumeOf(base: string, name: string): boolean {
  return name.startsWith(`${base}.`) && /^(?:\d{3,5}\.)?tar$/.test(name.slice(base.length + 1));
}

function filesBeside(base: string): string[] {
  const { page, manifestSignature, manifest } = bundleFiles(base, 1);
  return [page, manifestSignature, manifest];
}
