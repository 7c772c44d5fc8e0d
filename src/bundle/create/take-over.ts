import type { MediumWriter } from "../../medium/medium.ts";
import { JamError } from "../../shared/errors.ts";
import { MAX_MANIFEST_BYTES } from "../format/parse-manifest.ts";
import { parseSums, PROGRESS_NAME, SUMS_NAME, type BundleFiles } from "../write/bundle-files.ts";
import { readSmall } from "../write/small-files.ts";
import type { BundleBytes } from "../write/volume-bytes.ts";
import { layoutOf, readProgress, type WriteProgress } from "../write/write-progress.ts";

/**
 * What an earlier run for the same bundle finished in an medium, cut short or sealed; undefined when there is nothing.
 * Files of another bundle are refused, or with `force` given up.
 * @throws JamError JAM_BUNDLE_EXISTS
 */
export async function takeOver(
  medium: MediumWriter,
  files: BundleFiles,
  { bundle, force }: { readonly bundle: BundleBytes; readonly force: boolean },
): Promise<WriteProgress | undefined> {
  await medium.clean();
  const progress = await readProgress(medium);
  if (progress?.bundle === bundle.id) return progress;
  const sealed = await readSealed(medium, files, bundle);
  if (sealed !== undefined || force) return sealed;
  const names = new Set(await medium.list());
  const taken = [SUMS_NAME, PROGRESS_NAME, files.manifest, ...files.volumes].filter((name) =>
    names.has(name),
  );
  if (taken.length === 0) return undefined;
  throw new JamError(
    "JAM_BUNDLE_EXISTS",
    `${medium.folder} holds ${taken[0]}, which belongs to another bundle.`,
    {
      hint: "Give each bundle a folder of its own (--to FOLDER/), or replace what is there with --force.",
      details: { folder: medium.folder, files: taken },
    },
  );
}

/** The same bundle, finished: its manifest and signature lie there to the byte, and its checksums. */
async function readSealed(
  medium: MediumWriter,
  files: BundleFiles,
  bundle: BundleBytes,
): Promise<WriteProgress | undefined> {
  const sums = await readFile(medium, SUMS_NAME);
  const manifest = await readFile(medium, files.manifest);
  const signature = await readFile(medium, files.manifestSignature);
  const isSame =
    manifest?.equals(Buffer.from(bundle.manifestBytes)) === true &&
    (signature?.toString("latin1") ?? undefined) === bundle.signature;
  if (sums === undefined || !isSame) return undefined;
  const volumes = parseSums(sums.toString("latin1")).map(({ name, sha256 }) => ({ name, sha256, size: 0 }));
  return { bundle: bundle.id, layout: layoutOf(bundle), volumes };
}

async function readFile(medium: MediumWriter, name: string): Promise<Buffer | undefined> {
  const input = await medium.input(name);
  return input === undefined ? undefined : readSmall(input, MAX_MANIFEST_BYTES);
}
