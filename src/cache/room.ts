import type { Sha256 } from "../shared/sha256.ts";
import { JamError } from "../shared/errors.ts";
import { makeRoom, mustEvictFirst, prepareRoom, type RoomWork } from "./make-room.ts";

/** How many bytes of tarballs may be here because clients requested them. */
export interface CacheQuotas {
  /** `cache.quota`, for all upstreams without a quota of their own; undefined: only the disk limits them. */
  readonly quota: number | undefined;
  /** Quotas of upstreams, by name. */
  readonly upstreams: ReadonlyMap<string, number>;
}

/** A tarball on its way. */
interface Coming {
  readonly size: number;
  /** Name of the upstream that sends it. */
  readonly upstream: string;
}

type Fetched = Pick<ReadonlyMap<Sha256, unknown>, "has" | "keys">;

/** A tarball does not fit, even after evictions. */
export class NoRoom extends JamError {
  constructor() {
    super("JAM_STORE_NO_SPACE", "The cache has no room for the tarball.");
  }
}

/** The room for tarballs that come: what is on its way, and what has to go for it. */
export class Room {
  readonly #work: Pick<RoomWork, "store" | "ledger" | "onEvicted">;
  readonly #quotas: CacheQuotas;
  /** Running fetches with a place in the store, and those of them whose tarball is there already. */
  readonly #arriving = new Map<Sha256, Coming>();
  readonly #come = new Map<Sha256, Coming>();
  /** All that is being fetched, at each moment. */
  readonly #fetched: Fetched;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(work: Pick<RoomWork, "store" | "ledger" | "onEvicted">, quotas: CacheQuotas, fetched: Fetched) {
    this.#work = work;
    this.#quotas = quotas;
    this.#fetched = fetched;
  }

  /** Whether a tarball of this size may be stored at all. */
  fits(size: number): boolean {
    const { quota, upstreams } = this.#quotas;
    return size <= Math.max(quota ?? Infinity, ...upstreams.values());
  }

  /** Evicts what is above the quotas: they may have become smaller. */
  async shrink(): Promise<void> {
    const names = [undefined, ...this.#quotas.upstreams.keys()];
    for (const upstream of names) await this.inTurn(() => this.#make(upstream, 0));
  }

  /**
   * Finds out whether there is room, before the first byte is stored. Nothing is evicted for the quota yet: the tarball may
   * never come whole.
   * @throws JamError JAM_STORE_NO_SPACE (`NoRoom`), JAM_STORE_…
   */
  async prepare(sha256: Sha256, coming: Coming, space: Promise<number> | undefined): Promise<void> {
    const free = await space;
    this.#arriving.set(sha256, coming);
    const work = this.#workOf(coming.upstream);
    const wanted = {
      bytes: this.#sumOf(this.#arriving, work),
      allBytes: this.#sumOf(this.#arriving),
      isArriving: this.#arrivingFrom(),
      free,
    };
    const prepare = () => prepareRoom(work, wanted);
    // The first byte does not wait while room is made for others.
    if (await (mustEvictFirst(work, wanted) ? this.inTurn(prepare) : prepare())) return;
    this.#arriving.delete(sha256);
    throw new NoRoom();
  }

  /**
   * Makes room for a tarball that is there, so that something is held at every moment: while upstream is away, the index lists
   * what is held. Where no room can be made, the next one tries again.
   */
  async make(sha256: Sha256, coming: Coming): Promise<void> {
    this.#come.set(sha256, coming);
    // For all that have come by then at once: the others find room.
    const bytes = () => this.#sumOf(this.#come, this.#workOf(coming.upstream));
    await this.inTurn(() => this.#make(coming.upstream, bytes())).catch(() => undefined);
  }

  /** Call it when a tarball has come or failed. */
  leave(sha256: Sha256): void {
    this.#arriving.delete(sha256);
    this.#come.delete(sha256);
  }

  /** One at a time: two that make room for themselves would take it from each other. */
  inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const made = this.#turn.then(step);
    this.#turn = made.catch(() => undefined);
    return made;
  }

  /** False also while another run writes. Then there may be more than the quota for a while, by what was on its way. */
  #make(upstream: string | undefined, bytes: number): Promise<boolean> {
    return makeRoom(this.#workOf(upstream), { bytes, isArriving: this.#arrivingFrom() });
  }

  /** What is on its way now, also when it has come meanwhile: its bytes are counted already; and what begins to come. */
  #arrivingFrom(): (sha256: Sha256) => boolean {
    const before = new Set(this.#fetched.keys());
    return (sha256) => before.has(sha256) || this.#fetched.has(sha256);
  }

  #workOf(upstream: string | undefined): RoomWork & Required<Pick<RoomWork, "isCounted">> {
    const { quota, upstreams } = this.#quotas;
    const own = upstream === undefined ? undefined : upstreams.get(upstream);
    return own === undefined
      ? { ...this.#work, quota, isCounted: (name) => name === undefined || !upstreams.has(name) }
      : { ...this.#work, quota: own, isCounted: (name) => name === upstream };
  }

  #sumOf(coming: ReadonlyMap<Sha256, Coming>, { isCounted }: Pick<RoomWork, "isCounted"> = {}): number {
    return coming
      .values()
      .reduce((sum, { size, upstream }) => sum + (isCounted?.(upstream) === false ? 0 : size), 0);
  }
}
