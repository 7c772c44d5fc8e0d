import type { MediumWriter } from "../../medium/medium.ts";
import type { BundleSigner } from "../signing.ts";
import {
  formatSums,
  PROGRESS_NAME,
  SUMS_NAME,
  SUMS_SIGNATURE_NAME,
  type BundleFiles,
  type Sum,
} from "../write/bundle-files.ts";
import { inOnePiece } from "../write/small-files.ts";
import type { BundleBytes } from "../write/volume-bytes.ts";
import type { FinishedVolume } from "../write/write-progress.ts";

export interface SealWork {
  readonly medium: MediumWriter;
  readonly files: BundleFiles;
  readonly bundle: BundleBytes;
  readonly volumes: readonly FinishedVolume[];
  /** Signs the checksums; undefined leaves them unsigned. */
  readonly signer: BundleSigner | undefined;
  /** A page to print, if one is wished for. */
  readonly page: string | undefined;
}

/**
 * Writes what lies beside the volumes: manifest and signature, so that gpg can check them, and last the checksums of
 * all, so that where they are the bundle is complete.
 */
export async function seal({ medium, files, bundle, volumes, signer, page }: SealWork): Promise<void> {
  const sums: Sum[] = volumes.map(({ name, sha256 }) => ({ name, sha256 }));
  const add = async (name: string, bytes: Uint8Array) => {
    const { sha256 } = await medium.write(name, inOnePiece(bytes));
    sums.push({ name, sha256 });
  };
  await add(files.manifest, bundle.manifestBytes);
  if (bundle.signature === undefined) await medium.remove(files.manifestSignature);
  else await add(files.manifestSignature, Buffer.from(bundle.signature, "latin1"));
  if (page !== undefined) await add(files.page, Buffer.from(page));
  const text = Buffer.from(formatSums(sums));
  if (signer !== undefined) {
    const signature = await signer.signDetached(text, bundle.createdAt);
    await medium.write(SUMS_SIGNATURE_NAME, inOnePiece(Buffer.from(signature, "latin1")));
  }
  await medium.write(SUMS_NAME, inOnePiece(text));
  await medium.remove(PROGRESS_NAME);
}
