import { LRUCache } from "lru-cache";
import PQueue from "p-queue";
import type { CachedAgent } from "../mirror/cached-blobs.ts";
import { clearDamage } from "../mirror/damaged-blobs.ts";
import { findUnlisted } from "../mirror/settle-damage.ts";
import { JamError, isJamError, isOfFamily, toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { ByteRange, Lease, StagedBlob, Store } from "../store/store.ts";
import { fetchTarball, type Place, type WantedTarball } from "../sync/fetch-tarball.ts";
import type { Upstream } from "../upstream/source.ts";
import { CachedLedger } from "./cached-ledger.ts";
import type { PassingSink } from "./passing-sink.ts";
import { Pull } from "./pull.ts";
import { PullReader, type PulledBlob } from "./pull-reader.ts";
import { DamagedAside } from "./put-damaged-aside.ts";
import { type CacheQuotas, NoRoom, Room } from "./room.ts";

/** A tarball that a client requests and the store does not have. */
export interface ListedTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Upstream's path. */
  readonly path: string;
  /** True for one whose bytes in the store are not those of its name. Default false. */
  readonly isDamaged?: boolean;
}

/** What happened, for the log. */
export type PullEvent =
  | { readonly kind: "stored"; readonly path: string; readonly size: number }
  | { readonly kind: "failed"; readonly path: string; readonly error: JamError }
  /** An upstream sent another tarball than the metadata promises. */
  | { readonly kind: "wrong"; readonly path: string; readonly upstream: string; readonly error: JamError }
  /** It is not stored; `error` is absent where there is simply no room. */
  | { readonly kind: "passing"; readonly path: string; readonly error: JamError | undefined }
  | { readonly kind: "evicted"; readonly sha256: Sha256; readonly size: number }
  /** It was damaged on the disk; it is fetched again when it is requested. */
  | { readonly kind: "aside"; readonly sha256: Sha256 };

/** How requests for tarballs were met, since the start. */
export interface PullCounts {
  /** From the store. */
  hits: number;
  /** By a fetch that began with the request. */
  misses: number;
  /** By a fetch that ran already. */
  joined: number;
  /** By a fetch of the reader's own, past the store. */
  passed: number;
  /** Refused, because an attempt had just failed. */
  refused: number;
  /** Fetches that failed. */
  failed: number;
  evicted: number;
  evictedBytes: number;
}

/** What pulling through works with. */
export interface PullThroughWork extends CacheQuotas {
  readonly store: Store;
  /** In order of preference. */
  readonly sources: readonly Upstream[];
  /** The agents that are listed with a tarball. */
  readonly agentsOf: (sha256: Sha256) => readonly CachedAgent[];
  readonly now: () => Date;
  readonly observe: (event: PullEvent) => void;
  /** Shorter ones for tests. */
  readonly waits?: Partial<PullWaits>;
}

/** In ms. */
export interface PullWaits {
  /** How long a failure answers further requests. */
  readonly refusalMs: number;
  /** How long an upstream that sent another tarball is not asked for it. */
  readonly wrongMs: number;
  /** How long a reader without a byte waits while attempts fail. */
  readonly patienceMs: number;
}

/** How further requests for a tarball are answered for a while. */
interface Refusal {
  readonly error: JamError;
  /** Whether each place sent another tarball than the metadata promises. */
  readonly isWrong: boolean;
}

const WAITS: PullWaits = { refusalMs: 30_000, wrongMs: 600_000, patienceMs: 15_000 };

/** Far more than are asked for at one time. */
const MAX_REMEMBERED = 10_000;

/** Tarballs that pass through at the same time; further readers wait for their turn. */
const PASSES_AT_ONCE = 32;

/** Fetches tarballs when clients ask for them: each once, however many ask. */
export class PullThrough {
  readonly counts: PullCounts = {
    hits: 0,
    misses: 0,
    joined: 0,
    passed: 0,
    refused: 0,
    failed: 0,
    evicted: 0,
    evictedBytes: 0,
  };
  readonly #work: PullThroughWork;
  readonly #waits: PullWaits;
  readonly #lease: Lease;
  readonly #ledger: CachedLedger;
  readonly #pulls = new Map<Sha256, Pull>();
  readonly #running = new Set<Promise<void>>();
  readonly #refused: LRUCache<Sha256, Refusal>;
  readonly #wrong: LRUCache<string, JamError>;
  readonly #passes = new PQueue({ concurrency: PASSES_AT_ONCE });
  readonly #stop = new AbortController();
  readonly #aside: DamagedAside;
  readonly #room: Room;

  private constructor(work: PullThroughWork, lease: Lease, ledger: CachedLedger) {
    this.#work = work;
    this.#waits = { ...WAITS, ...work.waits };
    this.#lease = lease;
    this.#ledger = ledger;
    this.#refused = new LRUCache({ max: MAX_REMEMBERED, ttl: this.#waits.refusalMs });
    this.#wrong = new LRUCache({ max: MAX_REMEMBERED, ttl: this.#waits.wrongMs });
    const { store } = work;
    const onEvicted = (sha256: Sha256, size: number) => this.#onEvicted(sha256, size);
    this.#room = new Room({ store, ledger, onEvicted }, work, this.#pulls);
    this.#aside = new DamagedAside({
      store,
      ledger,
      inTurn: (step) => this.#room.inTurn(step),
      isFetched: (sha256) => this.#pulls.has(sha256),
      onAside: (sha256) => work.observe({ kind: "aside", sha256 }),
    });
  }

  /**
   * Takes the place of the store's cache server until `close`.
   * @throws JamError JAM_STORE_LOCKED when another one runs, JAM_STORE_…
   */
  static async open(work: PullThroughWork): Promise<PullThrough> {
    const lease = await work.store.cacheLease.acquire("jam serve");
    try {
      const ledger = await CachedLedger.open(work.store, work.now);
      const pullThrough = new PullThrough(work, lease, ledger);
      // Nobody waits for it: where it fails no room is made, which is tried again later.
      pullThrough.#room.shrink().catch(() => undefined);
      pullThrough.#aside.start();
      return pullThrough;
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  /**
   * Joins the fetch of this tarball, or begins one.
   * @throws JamError JAM_ITEM_UNAVAILABLE when an attempt failed a moment ago
   */
  open(tarball: ListedTarball, range: ByteRange): PulledBlob {
    const pull = this.#pulls.get(tarball.sha256);
    if (pull !== undefined) {
      this.counts.joined += 1;
      return this.#read(pull, { range, isFirst: false });
    }
    const refusal = this.#refused.get(tarball.sha256);
    if (refusal !== undefined) {
      this.counts.refused += 1;
      const waitMs = this.#refused.getRemainingTTL(tarball.sha256);
      throw refusal.error.with({ details: { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) } });
    }
    this.counts.misses += 1;
    return this.#read(this.#begin(tarball), { range, isFirst: true });
  }

  /**
   * Lets the next request for a tarball try again, however lately an attempt failed. Call when upstream is back. Where each
   * place sent another tarball than the metadata promises, none is asked for it all the same.
   */
  forgetFailures(): void {
    for (const [sha256, { isWrong }] of this.#refused.entries()) {
      if (!isWrong) this.#refused.delete(sha256);
    }
  }

  /** Bytes of what is held because clients asked for it; some of it may be listed by a snapshot, too. */
  get bytes(): number {
    return this.#ledger.bytes;
  }

  /** Notes that a tarball was given out of the store. */
  use(sha256: Sha256): void {
    this.counts.hits += 1;
    this.#ledger.use(sha256);
  }

  /** Ends running fetches, whose bytes are kept for the next start, and leaves the place. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#running, this.#aside.close()]);
    await this.#room.inTurn(() => Promise.resolve());
    try {
      if (!this.#lease.lost.aborted) await this.#ledger.close();
    } finally {
      await this.#lease.release();
    }
  }

  #begin({ sha256, size, path, isDamaged = false }: ListedTarball): Pull {
    const paths = new Set([path, ...this.#work.agentsOf(sha256).map((agent) => agent.path)]);
    const pull = new Pull({ sha256, size, paths: [...paths] });
    this.#pulls.set(sha256, pull);
    this.#run(
      this.#fetch(pull, isDamaged)
        .catch((error: unknown) => this.#fail(pull, toJamError(error)))
        .finally(() => {
          this.#pulls.delete(sha256);
          this.#room.leave(sha256);
        }),
    );
    return pull;
  }

  #run(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  #read(pull: Pull, reader: { readonly range: ByteRange; readonly isFirst: boolean }): PulledBlob {
    return new PullReader(pull, reader, {
      patienceMs: this.#waits.patienceMs,
      unavailable: (of, cause) => unavailable(of.tarball, toJamError(cause)),
      pass: (of, sink, signal) => this.#run(this.#pass(of, sink, signal)),
    });
  }

  /** Ends the pull, however it ends. */
  async #fetch(pull: Pull, isDamaged: boolean): Promise<void> {
    const { sha256, size, paths } = pull.tarball;
    if (isDamaged) await this.#aside.put(sha256);
    // It may have come since the server looked.
    const isHere = !isDamaged && (await this.#work.store.blobs.stat(sha256)) !== undefined;
    if (isHere) return pull.end({ kind: "held" });
    if (this.#knownWrong(pull.tarball)) return;
    if (this.#lease.lost.aborted || !this.#room.fits(size)) {
      this.#work.observe({ kind: "passing", path: pull.tarball.paths[0] ?? "", error: undefined });
      return pull.end({ kind: "passing" });
    }
    // Asked now, while upstream makes its answer: the first byte does not wait for it.
    const free = this.#work.store.space?.();
    free?.catch(() => undefined);
    let ready: { readonly upstream: string; readonly room: Promise<void> } | undefined;
    let upstream = "";
    // When another upstream continues the fetch, its quota must have room, too.
    const prepare = () => {
      if (ready?.upstream === upstream) return ready.room;
      const space = ready === undefined ? free : this.#work.store.space?.();
      ready = { upstream, room: this.#room.prepare(sha256, { size, upstream }, space) };
      return ready.room;
    };
    const onProven = () => this.#note(pull.tarball, upstream);
    const error = await fetchTarball(pull.tarball, {
      ...this.#fetchOptions(pull, AbortSignal.any([this.#stop.signal, this.#lease.lost])),
      stage: async () => {
        const staged = await this.#work.store.blobs.stage(sha256, { onReadable: pull.onReadable, onProven });
        pull.follow(staged);
        return preparedFirst(staged, prepare);
      },
      onPlace: (_staged, { source }) => (upstream = source.name),
    });
    if (error !== undefined) return this.#fail(pull, error);
    await this.#room.make(sha256, { size, upstream });
    if (isDamaged) await this.#forgetDamage(sha256);
    pull.end({ kind: "held" });
    this.#work.observe({ kind: "stored", path: paths[0] ?? "", size });
  }

  /** Trees still have the damaged file of what a snapshot lists: there the next sync needs the note. */
  async #forgetDamage(sha256: Sha256): Promise<void> {
    const { store } = this.#work;
    const { hashes } = await findUnlisted(store, [sha256]);
    for (const one of hashes) await clearDamage(store.documents, one);
  }

  async #fail(pull: Pull, error: JamError): Promise<void> {
    const { sha256, paths } = pull.tarball;
    const [path = ""] = paths;
    this.#ledger.drop(sha256);
    if (!this.#stop.signal.aborted && (this.#lease.lost.aborted || isOfFamily(error, "store"))) {
      pull.end({ kind: "passing" });
      this.#work.observe({ kind: "passing", path, error: error instanceof NoRoom ? undefined : error });
      // A part of a tarball that cannot be stored takes room; who reads it has its file open.
      await this.#dropStaged(sha256).catch(() => undefined);
      return;
    }
    const refusal = unavailable(pull.tarball, error);
    if (!this.#stop.signal.aborted) {
      this.counts.failed += 1;
      // As long as some place may still have it, the failure is short-lived.
      const isWrong = this.#places(pull.tarball).every((place) =>
        this.#wrong.has(keyOf(pull.tarball, place)),
      );
      const ttl = isWrong ? this.#waits.wrongMs : this.#waits.refusalMs;
      this.#refused.set(sha256, { error: refusal, isWrong }, { ttl });
      this.#work.observe({ kind: "failed", path, error });
    }
    pull.end({ kind: "failed", error: refusal });
  }

  /** Ends the pull with what is remembered of its places, when each of them sent another tarball. */
  #knownWrong(tarball: WantedTarball): boolean {
    const pull = this.#pulls.get(tarball.sha256);
    const places = this.#places(tarball);
    const errors = places.map((place) => this.#wrong.get(keyOf(tarball, place)));
    const [first] = errors;
    if (first === undefined || errors.includes(undefined)) return false;
    pull?.end({ kind: "failed", error: unavailable(tarball, first) });
    return true;
  }

  #places({ paths }: WantedTarball): Place[] {
    return paths.flatMap((path) => this.#work.sources.map((source) => ({ path, source })));
  }

  async #pass(pull: Pull, sink: PassingSink, signal: AbortSignal): Promise<void> {
    this.counts.passed += 1;
    const both = AbortSignal.any([this.#stop.signal, signal]);
    try {
      const error = await this.#passes.add(
        () => fetchTarball(pull.tarball, { ...this.#fetchOptions(pull, both), stage: async () => sink }),
        { signal: both },
      );
      if (error !== undefined) sink.fail(unavailable(pull.tarball, error));
    } catch (error) {
      sink.fail(unavailable(pull.tarball, toJamError(error)));
    }
  }

  #fetchOptions(pull: Pull, signal: AbortSignal) {
    const { tarball } = pull;
    return {
      sources: this.#work.sources,
      signal,
      onRetry: (error: Error) => pull.onTrouble(error, this.#waits.patienceMs),
      isSkipped: (place: Place) => this.#wrong.has(keyOf(tarball, place)),
      onPlaceFailed: (place: Place, error: JamError) => {
        if (!isJamError(error, "JAM_ITEM_HASH_MISMATCH", "JAM_ITEM_SIZE_MISMATCH")) return;
        this.#wrong.set(keyOf(tarball, place), error);
        this.#work.observe({ kind: "wrong", path: place.path, upstream: place.source.name, error });
      },
    };
  }

  /** Notes a tarball that has come whole, before it becomes visible in the store. */
  #note({ sha256, size }: WantedTarball, upstream: string): Promise<void> {
    return this.#ledger.add(sha256, { size, upstream, agents: this.#work.agentsOf(sha256) });
  }

  #onEvicted(sha256: Sha256, size: number): void {
    this.counts.evicted += 1;
    this.counts.evictedBytes += size;
    this.#work.observe({ kind: "evicted", sha256, size });
  }

  async #dropStaged(sha256: Sha256): Promise<void> {
    const staged = await this.#work.store.blobs.stage(sha256, { onReadable: () => undefined });
    await staged.restart(undefined);
    await staged.close();
  }
}

function keyOf({ sha256 }: WantedTarball, { source, path }: Place): string {
  return `${sha256} ${source.name} ${path}`;
}

/** The staged blob. Its first bytes wait for `prepare`: requests that fail while upstream is away must ask for nothing. */
function preparedFirst(staged: StagedBlob, prepare: () => Promise<void>): StagedBlob {
  return {
    sha256: staged.sha256,
    get received() {
      return staged.received;
    },
    get validator() {
      return staged.validator;
    },
    restart: (validator) => staged.restart(validator),
    append: (bytes, size) => staged.append(afterFirst(bytes, prepare), size),
    async commit(size) {
      await prepare();
      await staged.commit(size);
    },
    close: () => staged.close(),
  };
}

/** The same bytes; `prepare` runs when the first of them are here. */
async function* afterFirst(
  bytes: AsyncIterable<Uint8Array>,
  prepare: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let isPrepared = false;
  for await (const piece of bytes) {
    if (!isPrepared) await prepare();
    isPrepared = true;
    yield piece;
  }
}

/** `JAM_ITEM_UNAVAILABLE`: listed, not held, and not to be had at this moment. */
function unavailable({ sha256, paths: [path = ""] }: WantedTarball, cause: JamError): JamError {
  if (cause.code === "JAM_ITEM_UNAVAILABLE") return cause;
  return new JamError("JAM_ITEM_UNAVAILABLE", `${path} cannot be fetched now: ${cause.message}`, {
    cause,
    hint: "Try again in a minute. `jam check`, run on the machine of this mirror, says whether the upstream answers.",
    details: { path, sha256, reason: cause.code },
  });
}
