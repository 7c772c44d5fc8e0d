import { startSha256, type Sha256 } from "../../shared/sha256.ts";
import { isPart } from "../format/volume-label.ts";
import type { Slice } from "../format/volume-plan.ts";

type Hash = ReturnType<typeof startSha256>;

/**
 * Puts the hash of contents together that go on from one volume to the next. The label of a volume says the hash of a
 * part, but nobody signed that; the manifest says only that of the whole.
 */
export class PartsFollower {
  readonly #under = new Map<Sha256, { readonly hash: Hash; end: number }>();
  readonly #seen = new Set<Sha256>();
  readonly #done = new Set<Sha256>();
  readonly #wrong = new Set<Sha256>();
  readonly #damaged = new Set<Sha256>();

  /** Takes the bytes of a slice as they come; undefined for a slice that need not or cannot be followed. */
  follow(slice: Slice): ((bytes: Uint8Array) => void) | undefined {
    const { content, offset, length } = slice;
    const { sha256 } = content;
    if (!isPart(slice) || this.#done.has(sha256)) return undefined;
    this.#seen.add(sha256);
    if (offset === 0) this.#under.set(sha256, { hash: startSha256(), end: 0 });
    const under = this.#under.get(sha256);
    if (under?.end !== offset) return undefined;
    let left = length;
    return (bytes) => {
      under.hash.update(bytes);
      under.end += bytes.length;
      left -= bytes.length;
      if (left === 0 && under.end === content.size) this.#close(sha256, under.hash);
    };
  }

  /** A part of it is known to be damaged: what its parts make together says nothing of the others. */
  blame({ content }: Slice): void {
    this.#damaged.add(content.sha256);
  }

  #close(sha256: Sha256, hash: Hash): void {
    this.#under.delete(sha256);
    this.#done.add(sha256);
    if (hash.digest("hex") !== sha256) this.#wrong.add(sha256);
  }

  /** Contents of which every part is what its label says, and which are not what the manifest says. */
  wrong(): ReadonlySet<Sha256> {
    return this.#wrong.difference(this.#damaged);
  }

  /** Contents of which only parts were seen, or all of them out of order. */
  unfinished(): ReadonlySet<Sha256> {
    return this.#seen.difference(this.#done);
  }
}
