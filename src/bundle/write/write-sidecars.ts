import type { MediumWriter } from "../../medium/medium.ts";
import type { BundleSigner } from "../signing.ts";
import {
  formatSums,
  PROGRESS_NAME,
  SUMS_NAME,
  SUMS_SIGNATURE_NAME,
  type BundleFiles,
  type Sum,
  inOnePiece,
  hashOf,
} from "../format/bundle-files.ts";
import type { BundleLayout } from "../format/bundle-layout.ts";
import type { FinishedVolume } from "./write-progress.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { Sidecars } from "../verify/read-sidecars.ts";

export interface SealWork {
  readonly medium: MediumWriter;
  readonly files: BundleFiles;
  readonly layout: BundleLayout;
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
  readonly beside: Sidecars | undefined;
  /** Of every volume by name; undefined when one of them is not whole: then there is nothing to seal. */
  readonly volumes: ReadonlyMap<string, Sha256> | undefined;
  readonly signer: BundleSigner | undefined;
}

/**
 * Puts manifest and signature beside the volumes again where they are not as they were, then the checksums: these stay
 * as they are when they are right, and are written again when they are not.
 */
export async function restoreSeal(seal: SealToRestore): Promise<void> {
  const { medium, files, layout, beside, volumes } = seal;
  const sums: Sum[] = [];
  const restore = async (name: string, bytes: Uint8Array) => {
    const before = await medium.input(name);
    const wanted = await hashOf(inOnePiece(bytes));
    if (before === undefined || (await hashOf(before.open())) !== wanted)
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
    beside?.findings.find(({ path }) => path === SUMS_NAME)?.state === "whole" &&
    all.every(({ name, sha256 }) => beside.sums.get(name) === sha256);
  if (!isRight) await writeSums(seal, all);
}

/** What was said of the page, so that a damaged one stays known as that; else what it is. */
async function pageSum({ medium, files, beside }: SealToRestore): Promise<Sum[]> {
  const input = await medium.input(files.page);
  const sha256 = beside?.sums.get(files.page) ?? (input && (await hashOf(input.open())));
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
