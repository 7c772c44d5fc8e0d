import { JamError } from "../../shared/errors.ts";
import { MAX_MANIFEST_BYTES } from "../format/parse-manifest.ts";
import type { Outlet } from "../ports.ts";
import { parseSums, PROGRESS_NAME, SUMS_NAME, type BundleFiles } from "../write/bundle-files.ts";
import { readSmall } from "../write/small-files.ts";
import type { BundleBytes } from "../write/volume-bytes.ts";
import { layoutOf, readProgress, type WriteProgress } from "../write/write-progress.ts";

/**
 * What an earlier run for the same bundle finished in an outlet, cut short or sealed; undefined when there is nothing.
 * Files of another bundle are refused, or with `force` given up.
 * @throws JamError JAM_BUNDLE_EXISTS
 */
export async function takeOver(
  outlet: Outlet,
  files: BundleFiles,
  { bundle, force }: { readonly bundle: BundleBytes; readonly force: boolean },
): Promise<WriteProgress | undefined> {
  await outlet.clean();
  const progress = await readProgress(outlet);
  if (progress?.bundle === bundle.id) return progress;
  const sealed = await readSealed(outlet, files, bundle);
  if (sealed !== undefined || force) return sealed;
  const names = new Set(await outlet.list());
  const taken = [SUMS_NAME, PROGRESS_NAME, files.manifest, ...files.volumes].filter((name) =>
    names.has(name),
  );
  if (taken.length === 0) return undefined;
  throw new JamError(
    "JAM_BUNDLE_EXISTS",
    `${outlet.folder} holds ${taken[0]}, which belongs to another bundle.`,
    {
      hint: "Give each bundle a folder of its own (--to FOLDER/), or replace what is there with --force.",
      details: { folder: outlet.folder, files: taken },
    },
  );
}

/** The same bundle, finished: its manifest and signature lie there to the byte, and its checksums. */
async function readSealed(
  outlet: Outlet,
  files: BundleFiles,
  bundle: BundleBytes,
): Promise<WriteProgress | undefined> {
  const sums = await readFile(outlet, SUMS_NAME);
  const manifest = await readFile(outlet, files.manifest);
  const signature = await readFile(outlet, files.manifestSignature);
  const isSame =
    manifest?.equals(Buffer.from(bundle.manifestBytes)) === true &&
    (signature?.toString("latin1") ?? undefined) === bundle.signature;
  if (sums === undefined || !isSame) return undefined;
  const volumes = parseSums(sums.toString("latin1")).map(({ name, sha256 }) => ({ name, sha256, size: 0 }));
  return { bundle: bundle.id, layout: layoutOf(bundle), volumes };
}

async function readFile(outlet: Outlet, name: string): Promise<Buffer | undefined> {
  const inlet = await outlet.inlet(name);
  return inlet === undefined ? undefined : readSmall(inlet, MAX_MANIFEST_BYTES);
}
