import type { MediumWriter } from "../../medium/medium.ts";
import { JamError } from "../../shared/errors.ts";
import {
  bundleFiles,
  PROGRESS_NAME,
  readSmall,
  SUMS_NAME,
  type BundleFiles,
} from "../format/bundle-files.ts";
import { layoutHash, type BundleLayout } from "../format/bundle-layout.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../format/parse-manifest.ts";
import { readProgress, unseal, type WriteProgress } from "./write-progress.ts";
import { parseSums } from "../../shared/sums.ts";

/**
 * What an earlier run for the same bundle wrote to a folder, interrupted or complete; undefined when there is nothing.
 * Files of another bundle are refused, or with `force` replaced.
 * @throws JamError JAM_BUNDLE_EXISTS
 */
export async function adoptFolder(
  medium: MediumWriter,
  files: BundleFiles,
  { layout, force }: { readonly layout: BundleLayout; readonly force: boolean },
): Promise<WriteProgress | undefined> {
  await medium.clean();
  const progress = await readProgress(medium);
  if (progress?.bundle === layout.id) return progress;
  const sealed = await readSealed(medium, files, layout);
  if (sealed !== undefined || force) return sealed;
  const names = new Set(await medium.list());
  const taken = [SUMS_NAME, PROGRESS_NAME, files.manifest, ...files.volumes].filter((name) =>
    names.has(name),
  );
  if (taken.length === 0) return undefined;
  throw new JamError(
    "JAM_BUNDLE_EXISTS",
    `${medium.folder} contains ${taken[0]}, which belongs to another bundle.`,
    {
      hint: "Use one folder for each bundle (--to FOLDER/), or replace the files with --force.",
      details: { folder: medium.folder, files: taken },
    },
  );
}

/** The same bundle, complete: identical manifest and signature, and checksums. */
async function readSealed(
  medium: MediumWriter,
  files: BundleFiles,
  layout: BundleLayout,
): Promise<WriteProgress | undefined> {
  const sums = await readFile(medium, SUMS_NAME);
  const manifest = await readFile(medium, files.manifest);
  const signature = await readFile(medium, files.manifestSignature);
  const isSame =
    manifest?.equals(Buffer.from(layout.manifestBytes)) === true &&
    (signature?.toString("latin1") ?? undefined) === layout.signature;
  if (sums === undefined || !isSame) return undefined;
  // The checksums also list the sidecars, which every run writes.
  const volumes = parseSums(sums.toString("latin1"))
    .filter(({ name }) => files.volumes.includes(name))
    .map(({ name, sha256 }) => ({ name, sha256, size: 0 }));
  return { bundle: layout.id, layout: layoutHash(layout), volumes };
}

async function readFile(medium: MediumWriter, name: string): Promise<Buffer | undefined> {
  const input = await medium.input(name);
  return input === undefined ? undefined : readSmall(input, MAX_MANIFEST_BYTES);
}

const MANIFEST_SUFFIX = ".manifest.json";

/**
 * Removes files of other bundles from a folder, as named by their manifests, except for names in `files`: volumes of two
 * bundles in one folder would be imported together. A manifest is removed last, so that a killed run can be repeated.
 */
export async function removeOtherBundles(
  medium: MediumWriter,
  {
    layout,
    files,
    before,
  }: {
    readonly layout: BundleLayout;
    readonly files: BundleFiles;
    readonly before: WriteProgress | undefined;
  },
): Promise<void> {
  await unseal(medium, before ?? { bundle: layout.id, layout: layoutHash(layout), volumes: [] });
  const kept = new Set([...files.volumes, files.manifest, files.manifestSignature, files.page]);
  const names = await medium.list();
  for (const name of names.filter((one) => one.endsWith(MANIFEST_SUFFIX))) {
    const manifest = await readManifest(medium, name);
    if (manifest === undefined || manifest.id === layout.id) continue;
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
