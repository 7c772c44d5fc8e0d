import { asWriter } from "../mirror/as-writer.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { findUnlisted, putUnlistedAside } from "../mirror/settle-damage.ts";
import { isJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { CachedLedger } from "./cached-ledger.ts";

/** How often the cache looks for notes on damage, in ms: `jam verify` and other servers leave them, too. */
const LOOK_MS = 1_000;

/** What putting damaged tarballs aside works with. */
export interface AsideWork {
  readonly store: Store;
  readonly ledger: CachedLedger;
  /** Runs a step when no other step of the cache that needs the writer's lease runs. */
  readonly inTurn: <Result>(step: () => Promise<Result>) => Promise<Result>;
  /** Told of each tarball that was put aside. */
  readonly onAside: (sha256: Sha256) => void;
}

/**
 * Puts damaged tarballs aside that are here because clients requested them. They are missing from then on, and the next
 * request fetches them again. What a snapshot lists keeps its note until a sync has built its tree without it.
 */
export class DamagedAside {
  readonly #work: AsideWork;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** Notes that were left, as text: the same ones are not looked at each second. */
  #left = "";

  constructor(work: AsideWork) {
    this.#work = work;
  }

  /** Looks for notes from now on, until `close`. */
  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
    void this.look();
  }

  /** Puts aside what is noted now. Never fails: it is tried again. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch(() => undefined)
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Puts one tarball aside that was found damaged just now. Never fails: then it is replaced where it is. */
  async put(sha256: Sha256): Promise<void> {
    await this.#put([sha256]).catch(() => undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { store } = this.#work;
    const noted = await listDamaged(store.documents);
    const names = [...noted].sort().join(" ");
    if (names === this.#left) return;
    const unlisted = await findUnlisted(store, noted);
    if (unlisted.length > 0 && !(await this.#put(unlisted))) return;
    this.#left = [...(await listDamaged(store.documents))].sort().join(" ");
  }

  /** False while another run writes. */
  async #put(damaged: readonly Sha256[]): Promise<boolean> {
    const { store, ledger, inTurn, onAside } = this.#work;
    const run = { command: "jam serve", onNote: () => undefined };
    try {
      const aside = await inTurn(() => asWriter(store, run, () => putUnlistedAside(store, damaged)));
      for (const sha256 of aside) {
        ledger.drop(sha256);
        onAside(sha256);
      }
      return true;
    } catch (error) {
      if (isJamError(error, "JAM_STORE_LOCKED")) return false;
      throw error;
    }
  }
}
