import type { Hash } from "node:crypto";

declare const brand: unique symbol;

/** 64 lower-case hex digits; only `isSha256`, `parseSha256` and `sha256Of` make one. */
export type Sha256 = string & { readonly [brand]: "Sha256" };

const SHA256_TEXT = /^[0-9a-f]{64}$/;

/** True for exactly 64 lower-case hex digits. */
export function isSha256(value: unknown): value is Sha256 {
  return typeof value === "string" && SHA256_TEXT.test(value);
}

/** The text as a `Sha256`, or undefined when it is not exactly 64 lower-case hex digits. */
export function parseSha256(text: unknown): Sha256 | undefined {
  return isSha256(text) ? text : undefined;
}

/** The SHA-256 of bytes held in memory; tarballs are hashed while they stream instead. */
export function sha256Of(bytes: Uint8Array | string): Sha256 {
  return startSha256().update(bytes).digest("hex") as Sha256;
}

/**
 * A SHA-256 that is fed piece by piece. The module behind it is loaded at the first use: that takes 8 ms, which
 * commands that only read a catalogue do not have to pay.
 */
export function startSha256(): Hash {
  return process.getBuiltinModule("node:crypto").createHash("sha256");
}

/** What hashing tells its caller while it runs. */
export interface HashOptions {
  /** Called with the number of bytes of each part; the next part is read when it has resolved. */
  readonly onBytes?: ((bytes: number) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that were read to their end. */
export interface Hashed {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
}

/**
 * Reads bytes to their end, piece by piece, and computes their SHA-256.
 * @throws what reading throws, the reason of the signal
 */
export async function hashPieces(
  pieces: AsyncIterable<Uint8Array>,
  { onBytes, signal }: HashOptions = {},
): Promise<Hashed> {
  const hash = startSha256();
  let size = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    hash.update(piece);
    size += piece.length;
    await onBytes?.(piece.length);
  }
  return { sha256: hash.digest("hex") as Sha256, size };
}
