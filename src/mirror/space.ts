import type { Store } from "../store/store.ts";
import { formatByteSize } from "../shared/byte-size.ts";
import { JamError } from "../shared/errors.ts";

/** Kept free in addition to what a run needs, for the other work of the machine. */
export const FREE_RESERVE_BYTES = 64 * 2 ** 20;

/** What a run is about to need. */
export interface SpaceNeed {
  /** For the message: `This sync`. */
  readonly what: string;
  /** Bytes still to come. */
  readonly bytes: number;
  /** Bytes of all tarballs when it is done. */
  readonly total: number;
  /** What narrows it, as a full sentence. */
  readonly hint: string;
}

/**
 * Refuses a run that would fill the disk or exceed the quota, before it starts. A store without a limit has only the
 * quota.
 * @throws JamError JAM_STORE_NO_SPACE with needed and free bytes
 */
export async function refuseOverfull(
  store: Pick<Store, "space">,
  { what, bytes, total, hint }: SpaceNeed,
  quota: number | undefined,
): Promise<void> {
  const free = (await store.space?.()) ?? Infinity;
  const details = { needed: bytes, reserved: FREE_RESERVE_BYTES, ...(Number.isFinite(free) && { free }) };
  if (bytes > 0 && bytes + FREE_RESERVE_BYTES > free) {
    throw new JamError(
      "JAM_STORE_NO_SPACE",
      `${what} needs ${formatByteSize(bytes)}, and ${formatByteSize(FREE_RESERVE_BYTES)} have to stay free; the data directory has ${formatByteSize(free)} free.`,
      { hint, details },
    );
  }
  if (quota !== undefined && total > quota) {
    throw new JamError(
      "JAM_STORE_NO_SPACE",
      `The mirror would hold ${formatByteSize(total)}, more than the quota of ${formatByteSize(quota)}.`,
      {
        hint: "Raise retention.quota, or carry and select less.",
        details: { ...details, total, quota },
      },
    );
  }
}
