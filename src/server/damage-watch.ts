import { listDamaged } from "../mirror/damaged-list.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import type { ProvenBlobs } from "./proven-blobs.ts";

/** How old the list of notes may be, in ms: another process may have found damage. */
const NOTES_AGE_MS = 250;

/** How often files that were damaged are looked at again. */
const RECHECK_MS = 1_000;

/** Tarballs that no index lists, because they are damaged. */
export interface Withdrawn {
  /** Names the set; empty for the empty one. */
  readonly key: string;
  readonly blobs: ReadonlySet<Sha256>;
}

const NOTHING: Withdrawn = { key: "", blobs: new Set() };

/** Knows what is damaged now: what this server found, and what others noted under `state/`. */
export class DamageWatch {
  readonly #documents: Pick<DocumentStore, "list">;
  readonly #proven: ProvenBlobs;
  #noted: ReadonlySet<Sha256> = new Set();
  #notedAt = -Infinity;
  #recheckedAt = -Infinity;
  #reading: Promise<void> | undefined;
  #last = NOTHING;

  constructor(documents: Pick<DocumentStore, "list">, proven: ProvenBlobs) {
    this.#documents = documents;
    this.#proven = proven;
  }

  /** What is withdrawn. `isMoved` says that somebody published, and probably repaired: then it is looked at afresh. */
  async look(isMoved: boolean): Promise<Withdrawn> {
    if (isMoved || performance.now() - this.#notedAt >= NOTES_AGE_MS) {
      this.#reading ??= this.#readNotes().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
    await this.#proven.learn();
    if (isMoved && this.#proven.damaged.size > 0) await this.#proven.recheck();
    else this.#recheckSometimes();
    return this.#join();
  }

  async #readNotes(): Promise<void> {
    try {
      const noted = await listDamaged(this.#documents);
      for (const sha256 of noted) if (!this.#noted.has(sha256)) this.#proven.distrust(sha256);
      this.#noted = noted;
    } catch {
      // A store that cannot be read says so where the ref is read; what was noted before still holds.
    }
    this.#notedAt = performance.now();
  }

  #recheckSometimes(): void {
    if (this.#proven.damaged.size === 0 || performance.now() - this.#recheckedAt < RECHECK_MS) return;
    this.#recheckedAt = performance.now();
    void this.#proven.recheck();
  }

  #join(): Withdrawn {
    const blobs = this.#noted.union(this.#proven.damaged);
    if (blobs.size === this.#last.blobs.size && blobs.isSubsetOf(this.#last.blobs)) return this.#last;
    const names = [...blobs].sort().join(" ");
    this.#last = blobs.size === 0 ? NOTHING : { key: sha256Of(names).slice(0, 12), blobs };
    return this.#last;
  }
}
