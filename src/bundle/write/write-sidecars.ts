import type { MediumWriter } from "../../medium/medium.ts";
import { hashPieces, sha256Of, type Sha256 } from "../../shared/sha256.ts";
import {
  inOnePiece,
  PROGRESS_NAME,
  SUMS_NAME,
  SUMS_SIGNATURE_NAME,
  type BundleFiles,
} from "../format/bundle-files.ts";
import type { BundleLayout } from "../format/bundle-layout.ts";
import type { BundleSigner } from "../signing.ts";
import type { Sidecars } from "../verify/read-sidecars.ts";
import type { FinishedVolume } from "./write-progress.ts";
import { formatSums, type Sum } from "../../shared/sums.ts";

export interface SealWork {
  readonly medium: MediumWriter;
  readonly files: BundleFiles;
  readonly layout: BundleLayout;
  readonly volumes: readonly FinishedVolume[];
  /** Signs the checksums; undefined leaves them unsigned. */
  readonly signer: BundleSigner | undefined;
  /** A page to print, if requested. */
  readonly page: string | undefined;
}

/**
 * Writes the sidecars, the files next to the volumes: manifest and signature, so that gpg can check them, and last the
 * checksums of all files. If there are checksums, the bundle is complete.
 */
export async function seal({ medium, files, layout, volumes, signer, page }: SealWork): Promise<void> {
  const sums: Sum[] = volumes.map(({ name, sha256 }) => ({ name, sha256 }));
  const add = async (name: string, bytes: Uint8Array) => {
    const { sha256 } = await medium.write(name, inOnePiece(bytes));
    sums.push({ name, sha256 });
  };
  await add(files.manifest, layout.manifestBytes);
  if (layout.signature === undefined) await medium.remove(files.manifestSignature);
  else await add(files.manifestSignature, Buffer.from(layout.signature, "latin1"));
  if (page !== undefined) await add(files.page, Buffer.from(page));
  const text = Buffer.from(formatSums(sums));
  if (signer !== undefined) {
    const signature = await signer.signDetached(text, layout.createdAt);
    await medium.write(SUMS_SIGNATURE_NAME, inOnePiece(Buffer.from(signature, "latin1")));
  }
  await medium.write(SUMS_NAME, inOnePiece(text));
  await medium.remove(PROGRESS_NAME);
}

export interface SealToRestore {
  readonly medium: MediumWriter;
  readonly files: BundleFiles;
  readonly layout: BundleLayout;
  readonly sidecars: Sidecars | undefined;
  /** Of every volume by name; undefined when one of them is not whole: then no checksums are written. */
  readonly volumes: ReadonlyMap<string, Sha256> | undefined;
  readonly signer: BundleSigner | undefined;
}

/**
 * Rewrites manifest and signature if they differ from the originals, then the checksums if they are wrong.
 */
export async function restoreSeal(seal: SealToRestore): Promise<void> {
  const { medium, files, layout, sidecars, volumes } = seal;
  const sums: Sum[] = [];
  const restore = async (name: string, bytes: Uint8Array) => {
    const before = await medium.input(name);
    const wanted = sha256Of(bytes);
    if (before === undefined || (await hashPieces(before.open())).sha256 !== wanted)
      await medium.write(name, inOnePiece(bytes));
    sums.push({ name, sha256: wanted });
  };
  await restore(files.manifest, layout.manifestBytes);
  if (layout.signature !== undefined)
    await restore(files.manifestSignature, Buffer.from(layout.signature, "latin1"));
  if (volumes === undefined) return;
  const page = await pageSum(seal);
  const all = [...[...volumes].map(([name, sha256]) => ({ name, sha256 })), ...sums, ...page];
  const isRight =
    sidecars?.findings.find(({ path }) => path === SUMS_NAME)?.state === "whole" &&
    all.every(({ name, sha256 }) => sidecars.sums.get(name) === sha256);
  if (!isRight) await writeSums(seal, all);
}

/** The page's hash in the old checksums, so that a damaged page is still reported; without one, its actual hash. */
async function pageSum({ medium, files, sidecars }: SealToRestore): Promise<Sum[]> {
  const input = await medium.input(files.page);
  const sha256 = sidecars?.sums.get(files.page) ?? (input && (await hashPieces(input.open())).sha256);
  return input === undefined || sha256 === undefined ? [] : [{ name: files.page, sha256 }];
}

async function writeSums({ medium, layout, signer }: SealToRestore, sums: readonly Sum[]): Promise<void> {
  const text = Buffer.from(formatSums(sums));
  await medium.remove(SUMS_NAME);
  await medium.remove(SUMS_SIGNATURE_NAME);
  if (signer !== undefined) {
    const signature = await signer.signDetached(text, layout.createdAt);
    await medium.write(SUMS_SIGNATURE_NAME, inOnePiece(Buffer.from(signature, "latin1")));
  }
  await medium.write(SUMS_NAME, inOnePiece(text));
}
