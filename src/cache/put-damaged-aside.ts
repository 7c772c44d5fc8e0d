import { asWriter } from "../mirror/as-writer.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { listSnapshotIds } from "../mirror/read-snapshots.ts";
import { findUnlisted, lookAtBlob, putUnlistedAside } from "../mirror/settle-damage.ts";
import { isJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { CACHE_WRITER } from "./cache-writer.ts";
import type { CachedLedger } from "./cached-ledger.ts";

/** How often the cache looks for notes on damage, in ms: `jam verify` and other servers leave them, too. */
const LOOK_MS = 1_000;

/** How long the same notes are left at most, in ms: a look reads all kept snapshots. */
const MAX_PAUSE_MS = 60_000;

/** What putting damaged tarballs aside works with. */
export interface AsideWork {
  readonly store: Store;
  readonly ledger: CachedLedger;
  /** Runs a step when no other step of the cache that needs the writer's lease runs. */
  readonly inTurn: <Result>(step: () => Promise<Result>) => Promise<Result>;
  /** Whether a tarball is being fetched now: then its note in the ledger may be new. */
  readonly isFetched: (sha256: Sha256) => boolean;
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
  /** What was looked at last, as text, and until when the same is not looked at again. */
  #last = { key: "", pauseMs: 0, until: -Infinity };
  readonly #stop = new AbortController();

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
    const put = async () => {
      const { hashes, snapshotIds } = await findUnlisted(this.#work.store, [sha256]);
      // The fetch that waits for this has noted nothing yet.
      if (hashes.length > 0) await this.#put(sha256, { snapshotIds, isFetched: () => false });
    };
    await put().catch(() => undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { store, isFetched } = this.#work;
    const noted = await listDamaged(store.documents);
    if (noted.size === 0 || this.#isPaused(noted, await listSnapshotIds(store.documents))) return;
    const { hashes, snapshotIds } = await findUnlisted(store, noted);
    for (const sha256 of hashes) {
      try {
        await this.#put(sha256, { snapshotIds, isFetched });
      } catch (error) {
        // Another run writes, and may do so for long. What fails of one tarball must not keep the others from their turn.
        if (this.#stop.signal.aborted || isJamError(error, "JAM_STORE_LOCKED")) return;
      }
    }
  }

  /** Notes that are left for a snapshot, or because another run writes, are looked at ever less often. */
  #isPaused(noted: ReadonlySet<Sha256>, snapshotIds: readonly string[]): boolean {
    const key = [...noted, ...snapshotIds].sort().join(" ");
    const { key: before, pauseMs: pausedMs, until } = this.#last;
    const now = performance.now();
    if (key === before && now < until) return true;
    const pauseMs = key === before ? Math.min(2 * pausedMs, MAX_PAUSE_MS) : LOOK_MS / 2;
    this.#last = { key, pauseMs, until: now + pauseMs };
    return false;
  }

  /**
   * Hashes before its turn: neither the turn nor the lease waits for that.
   * @throws JamError JAM_STORE_LOCKED while another run writes, JAM_STORE_…, the reason of the stop
   */
  async #put(
    sha256: Sha256,
    { snapshotIds, isFetched }: Pick<AsideWork, "isFetched"> & { readonly snapshotIds: readonly string[] },
  ): Promise<void> {
    const { store, ledger, inTurn, onAside } = this.#work;
    const seen = await lookAtBlob(store, sha256, this.#stop.signal);
    await inTurn(() =>
      asWriter(store, { ...CACHE_WRITER, signal: this.#stop.signal }, async (signal) => {
        // Who fetches it puts it aside, or replaces it.
        if (isFetched(sha256)) return;
        const done = await putUnlistedAside(store, sha256, { seen, snapshotIds, signal });
        if (done !== "aside") return;
        if (!isFetched(sha256)) ledger.drop(sha256);
        onAside(sha256);
      }),
    );
  }
}
