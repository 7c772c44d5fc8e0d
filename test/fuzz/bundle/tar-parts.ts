/** Bytes of tar archives, field by field, so that each can be wrong. Source: POSIX.1-2017 pax, "ustar Interchange Format" */

const BLOCK = 512;

/** Fields of a header; absent ones are as jam writes them. */
export interface HeaderFields {
  readonly name: string;
  /** Bytes that follow. Default those of the body. */
  readonly size?: number;
  /** The size field as it stands there, 12 bytes. */
  readonly sizeField?: Uint8Array;
  /** One character. Default "0", a plain file. */
  readonly type?: string;
  readonly linkName?: string;
  readonly prefix?: string;
  /** Eight bytes of magic and version. Default those of ustar; "" is an archive from before there was any. */
  readonly magic?: string;
}

/** One file of an archive: a header and what follows it. */
export interface TarPart extends HeaderFields {
  readonly body?: Uint8Array;
}

/** The header of a file, with the checksum that it must have. */
export function tarHeader(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(fields.name, 0, 100);
  for (const [at, field] of [
    [100, "0000644"],
    [108, "0000000"],
    [116, "0000000"],
  ] as const)
    block.write(field, at, "latin1");
  block.write(`${(fields.size ?? 0).toString(8).padStart(11, "0")}\0`, 124, "latin1");
  if (fields.sizeField !== undefined) block.set(fields.sizeField.subarray(0, 12), 124);
  block.write("00000000000\0", 136, "latin1");
  block.write(fields.type ?? "0", 156, 1, "latin1");
  block.write(fields.linkName ?? "", 157, 100);
  block.write(fields.magic ?? "ustar\u{0}00", 257, 8, "latin1");
  block.write(fields.prefix ?? "", 345, 155);
  return withChecksum(block);
}

/** Puts the right checksum into the header that `block` is, in place. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Header, body and padding. */
export function tarPart({ body = new Uint8Array(), ...fields }: TarPart): Buffer {
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return Buffer.concat([tarHeader({ size: body.length, ...fields }), body, padding]);
}

/** The two empty blocks at the end of an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** A whole archive. */
export function tarArchive(parts: readonly TarPart[]): Buffer {
  return Buffer.concat([...parts.map(tarPart), TAR_END]);
}
