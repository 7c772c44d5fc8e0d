import { JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { ByteRange } from "../../store/store.ts";
import type { ContentSource } from "../contents.ts";

/** Contents from the first source that has one, without what was found damaged there. */
export class RepairContents implements ContentSource {
  readonly #sources: readonly { readonly source: ContentSource; readonly damaged: Set<Sha256> }[];

  constructor(sources: readonly ContentSource[]) {
    this.#sources = sources.map((source) => ({ source, damaged: new Set() }));
  }

  async open(sha256: Sha256) {
    for (const { source, damaged } of this.#sources) {
      const reader = damaged.has(sha256) ? undefined : await source.open(sha256);
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  /** Whether some source has a content of this size. */
  async has(sha256: Sha256, size: number): Promise<boolean> {
    for (;;) {
      const reader = await this.open(sha256);
      if (reader === undefined) return false;
      await reader.close();
      if (reader.size === size) return true;
      this.skip(sha256);
    }
  }

  /** The source that gives a content now gives it no more: its bytes are not right. */
  skip(sha256: Sha256): void {
    this.#sources.find(({ damaged }) => !damaged.has(sha256))?.damaged.add(sha256);
  }
}

/** The source, with what cannot be read in it taken for damaged: the content may be whole elsewhere. */
export function readErrorsAsDamage(source: ContentSource): ContentSource {
  return {
    async open(sha256) {
      const reader = await source.open(sha256);
      if (reader === undefined) return undefined;
      const bytes = async function* (range?: ByteRange) {
        try {
          yield* reader.bytes(range);
        } catch (cause) {
          throw new JamError("JAM_STORE_CORRUPT", `Content ${sha256} cannot be read.`, {
            cause,
            details: { sha256 },
          });
        }
      };
      return { size: reader.size, bytes, close: () => reader.close() };
    },
  };
}
