import type { Hash } from "node:crypto";

declare const brand: unique symbol;

/** 64 lower-case hex digits; only `parseSha256` and `sha256Of` make one. */
export type Sha256 = string & { readonly [brand]: "Sha256" };

const SHA256_TEXT = /^[0-9a-f]{64}$/;

/** The text as a `Sha256`, or undefined when it is not exactly 64 lower-case hex digits. */
export function parseSha256(text: unknown): Sha256 | undefined {
  return typeof text === "string" && SHA256_TEXT.test(text) ? (text as Sha256) : undefined;
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
