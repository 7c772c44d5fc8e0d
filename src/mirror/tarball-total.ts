import type { Sha256 } from "../shared/sha256.ts";
import type { TarballContent } from "./contents.ts";
import type { KeptSnapshot } from "./kept-contents.ts";

/** Bytes of the tarballs that snapshots list, each tarball counted once. */
export class TarballTotal {
  bytes = 0;
  /** How many snapshots name each page, and how many pages list each tarball. */
  readonly #pages = new Map<readonly TarballContent[], number>();
  readonly #tarballs = new Map<Sha256, number>();

  constructor(snapshots: readonly KeptSnapshot[]) {
    for (const { tarballs } of snapshots)
      for (const page of tarballs) {
        if (count(this.#pages, page, 1) > 1) continue;
        for (const { sha256, size } of page) if (count(this.#tarballs, sha256, 1) === 1) this.bytes += size;
      }
  }

  drop({ tarballs }: KeptSnapshot): void {
    for (const page of tarballs) {
      if (count(this.#pages, page, -1) > 0) continue;
      for (const { sha256, size } of page) if (count(this.#tarballs, sha256, -1) === 0) this.bytes -= size;
    }
  }
}

function count<K>(counts: Map<K, number>, key: K, by: number): number {
  const now = (counts.get(key) ?? 0) + by;
  counts.set(key, now);
  return now;
}
