import { toJamError, type ErrorCode } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Agent } from "../juju/agent.ts";
import { nextTurnMs, type Pace } from "../mirror/next-turn.ts";
import { readOffer, readReach, type Offer, type OfferReach, type UpstreamAnswer } from "../mirror/offer.ts";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import { awayUpstreams, heldOnly, shownOffer, type Shown } from "../mirror/shown-offer.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import type { DocumentStore } from "../store/store.ts";
import type { RefreshOutcome } from "./refresh-offer.ts";

/** What the watch works with; `compose/` joins it. */
export interface OfferWatchWork {
  readonly documents: Pick<DocumentStore, "get">;
  /** Which of these tarballs are in the store. */
  readonly findHeld: (agents: readonly Agent[]) => Promise<ReadonlySet<Sha256>>;
  /**
   * Reads upstream's metadata, where the server does not have to wait for it. `asksAll`: also of upstreams whose time has
   * not come.
   */
  readonly refresh: (signal: AbortSignal, order: { readonly asksAll: boolean }) => Promise<RefreshOutcome>;
  /** Frees what refreshing needs. */
  readonly close: () => Promise<void>;
  readonly now: () => Date;
  /** Told in one sentence when upstream goes away, is refused, or is back. */
  readonly onNote: (message: string) => void;
  /** `cache.stale`, in ms. */
  readonly staleMs: number;
  /** How often each upstream is read, and for how long what it offers stays listed, in order of preference. */
  readonly upstreams: readonly (Pace & { readonly staleMs: number })[];
}

/** What is known of upstream now. */
export interface OfferState {
  readonly reach: OfferReach | undefined;
  /** Whether what is not held can be fetched when it is requested. */
  readonly isObtainable: boolean;
  readonly offer: Offer | undefined;
  /** Present while this side fails to read upstream: how upstream answers is not known then. */
  readonly failure?: RefreshFailure | undefined;
}

interface RefreshFailure {
  /** ISO 8601. */
  readonly since: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** How old the notes may be, in ms: a sync in another process may have replaced them. */
const NOTES_AGE_MS = 500;

/** How old the list of held tarballs may be, in ms, while upstream is away: an import may have brought some. */
const HELD_AGE_MS = 30_000;

/** How often what is held is listed again, because a tarball came or went meanwhile. */
const MAX_LOOKS = 4;

/** How long a start waits for its first look at upstream, in ms: with an offer of an earlier time, and without one. */
const FIRST_TURN_MS = 5_000;
const FIRST_OFFER_MS = 60_000;

/** Upstream can be reached, and what it publishes is accepted. */
const NO_TROUBLE = " ";

const ONLY_HELD = "the index lists only what is held";

/** The longest wait that a timer can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Refreshes the offer of a mirror in cache mode, and says what is listed at this moment. */
export class OfferWatch {
  readonly #work: OfferWatchWork;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  /** Whether the turn that runs asks every upstream; where it does not, the one that follows it. */
  #isAskingAll = false;
  #following: Promise<void> | undefined;
  #offer: Offer | undefined;
  #reach: OfferReach | undefined;
  #failure: RefreshFailure | undefined;
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  #told = "";
  /** What an earlier server had noted: that it is over is told, too. */
  #startedIn = NO_TROUBLE;
  #onReturn: (() => void) | undefined;
  #heldSnapshot: Snapshot | undefined;
  #held: { readonly at: number; readonly of: unknown; readonly tarballs: ReadonlySet<Sha256> } | undefined;
  /** How often a tarball came or went. */
  #heldChanges = 0;
  #last:
    | {
        readonly of: readonly unknown[];
        readonly tarballs: ReadonlySet<Sha256> | undefined;
        readonly shown: Shown | undefined;
      }
    | undefined;

  constructor(work: OfferWatchWork) {
    this.#work = work;
  }

  /**
   * Begins to refresh. Resolves after the first turn, or earlier when that takes long: with an offer of an earlier time much
   * can be listed already.
   */
  async start(): Promise<void> {
    await this.#readNotes();
    this.#startedIn = this.#trouble();
    const waitMs = this.#offer === undefined ? FIRST_OFFER_MS : FIRST_TURN_MS;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    void this.refreshNow().then(resolve);
    await promise;
    clearTimeout(timer);
  }

  /**
   * Asks every upstream now, or joins the refresh that does so already; after one that leaves some out another one follows.
   * The next one comes when the next upstream's time has come.
   */
  refreshNow(): Promise<void> {
    const running = this.#turn;
    if (running === undefined || this.#isAskingAll) return this.#takeTurn({ asksAll: true });
    this.#following ??= running.then(() => {
      this.#following = undefined;
      return this.#takeTurn({ asksAll: true });
    });
    return this.#following;
  }

  #takeTurn(order: { readonly asksAll: boolean }): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    clearTimeout(this.#timer);
    if (this.#turn === undefined) this.#isAskingAll = order.asksAll;
    this.#turn ??= this.#refresh(order).finally(() => {
      this.#turn = undefined;
      if (this.#stop.signal.aborted) return;
      const { upstreams, now } = this.#work;
      const waitMs = Math.min(nextTurnMs(this.#reach, upstreams, now()), MAX_TIMER_MS);
      this.#timer = setTimeout(() => void this.#takeTurn({ asksAll: false }), waitMs).unref();
    });
    return this.#turn;
  }

  /** What is known of upstream, without reading anything. */
  state(): OfferState {
    const isAll = this.#away().size === 0;
    return { reach: this.#reach, offer: this.#offer, isObtainable: isAll, failure: this.#failure };
  }

  /** Upstreams of which only what is held is listed. */
  #away(): ReadonlySet<string> {
    return awayUpstreams(this.#offer, this.#reach, { rules: this.#work, now: this.#work.now() });
  }

  /** `listener` is called when upstream can be reached again after it could not. */
  onReturn(listener: () => void): void {
    this.#onReturn = listener;
  }

  /** Call when a tarball came or went, so that the list of what is held is made afresh. */
  forgetHeld(): void {
    this.#heldChanges += 1;
    this.#held = undefined;
  }

  /**
   * What is listed, where the ref shows the snapshot of this id. The same object as long as nothing changes.
   * @throws JamError JAM_STORE_…
   */
  async shown(heldId: string | undefined): Promise<Shown | undefined> {
    if (performance.now() - this.#readAt >= NOTES_AGE_MS) await this.#readNotes();
    const held = await this.#readHeldSnapshot(heldId);
    const offer = this.#offer;
    const away = this.#away();
    const tarballs = away.size === 0 ? undefined : await this.#heldTarballs(held, offer);
    const of = [held, offer, tarballs, [...away].join(" ")];
    if (this.#last === undefined || of.some((one, index) => one !== this.#last?.of[index])) {
      const isHeld = (sha256: Sha256) => tarballs?.has(sha256) ?? true;
      this.#last = { of, tarballs, shown: shownOffer({ held, offer, away, isHeld }) };
    }
    return this.#last.shown;
  }

  /** Ends the refresh that runs, and all further ones. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#turn;
    await this.#work.close();
  }

  async #refresh(order: { readonly asksAll: boolean }): Promise<void> {
    try {
      await this.#work.refresh(this.#stop.signal, order);
      this.#failure = undefined;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#fail(error);
    }
    this.forgetHeld();
    await this.#readNotes();
    this.#tell();
  }

  #fail(error: unknown): void {
    const { code, message } = toJamError(error);
    const before = this.#failure;
    const since = before?.code === code ? before.since : this.#work.now().toISOString();
    this.#failure = { since, code, message };
    if (before?.code !== code || before.message !== message)
      this.#work.onNote(`Upstream's metadata could not be refreshed: ${message}`);
    // No state that is told otherwise, so that the end of this one is told.
    this.#told = code;
  }

  #readNotes(): Promise<void> {
    this.#reading ??= this.#readNotesOnce().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNotesOnce(): Promise<void> {
    const { documents } = this.#work;
    try {
      const reach = await readReach(documents);
      if (reach?.changedAt !== this.#offer?.changedAt) this.#offer = await readOffer(documents);
      const before = awayNow(this.#reach);
      const away = awayNow(reach);
      this.#reach = reach;
      if (before.some((name) => !away.includes(name))) this.#onReturn?.();
    } catch {
      // A store that cannot be read says so where the ref is read; what was known before still holds.
    }
    this.#readAt = performance.now();
  }

  async #readHeldSnapshot(id: string | undefined): Promise<Snapshot | undefined> {
    if (id === undefined) return undefined;
    if (this.#heldSnapshot?.id !== id) this.#heldSnapshot = await readSnapshot(this.#work, id);
    return this.#heldSnapshot;
  }

  /** The same set again as long as it has the same tarballs. */
  async #heldTarballs(held: Snapshot | undefined, offer: Offer | undefined): Promise<ReadonlySet<Sha256>> {
    const known = this.#held;
    const of = `${held?.id} ${offer?.changedAt}`;
    if (known?.of === of && performance.now() - known.at < HELD_AGE_MS) return known.tarballs;
    const agents = [...(offer?.agents ?? []), ...heldOnly(held, offer)];
    let found: ReadonlySet<Sha256>;
    let changes: number;
    let turn = 0;
    // One that came where the list had been already, and one that went before it got there, are both not in it.
    do {
      changes = this.#heldChanges;
      found = await this.#work.findHeld(agents);
      turn += 1;
    } while (changes !== this.#heldChanges && turn < MAX_LOOKS);
    const before = this.#last?.tarballs;
    const tarballs = before?.size === found.size && before.isSubsetOf(found) ? before : found;
    // A list that is not right yet serves this once.
    if (changes === this.#heldChanges) this.#held = { at: performance.now(), of, tarballs };
    return tarballs;
  }

  /** One sentence for each change of state. */
  #tell(): void {
    if (this.#failure !== undefined) return;
    const { away, fault } = this.#reach ?? {};
    const state = this.#trouble();
    const before = this.#told === "" && state === NO_TROUBLE ? this.#startedIn : this.#told;
    if (state === before) return;
    const { onNote } = this.#work;
    const parts = away === undefined ? troubledOf(this.#reach) : [];
    const patience = this.#away().size === 0 ? "what is not held stays listed for a while" : ONLY_HELD;
    if (away !== undefined) onNote(`Upstream cannot be reached, so ${patience}: ${away.message}`);
    else if (fault !== undefined)
      onNote(`What upstream publishes is refused, and what it listed before stays: ${fault.message}`);
    for (const { name, ...trouble } of parts) {
      if (trouble.away !== undefined)
        onNote(`Upstream ${name} cannot be reached, the others answer: ${trouble.away.message}`);
      else if (trouble.fault !== undefined && fault === undefined)
        onNote(`What upstream ${name} publishes is refused, the others are used: ${trouble.fault.message}`);
    }
    if (away === undefined && fault === undefined && parts.length === 0)
      onNote("Upstream answers again: the index lists all that it offers.");
    this.#told = state;
  }

  #trouble(): string {
    const { away, fault } = this.#reach ?? {};
    const parts = troubledOf(this.#reach).map(
      (one) => `${one.name} ${one.away?.code ?? one.fault?.code ?? ""}`,
    );
    return [`${away?.code ?? ""} ${fault?.code ?? ""}`, ...parts].join(";");
  }
}

/** Names of the upstreams that cannot be reached; an empty name where it is all of them. */
function awayNow(reach: OfferReach | undefined): string[] {
  const named = (reach?.upstreams ?? []).flatMap(({ name, away }) => (away === undefined ? [] : [name]));
  return reach?.away === undefined ? named : ["", ...named];
}

/** Of several upstreams those that cannot be used. One alone is what is said of upstream as a whole. */
function troubledOf(reach: OfferReach | undefined): readonly UpstreamAnswer[] {
  const upstreams = reach?.upstreams ?? [];
  if (upstreams.length < 2) return [];
  return upstreams.filter(({ away, fault }) => away !== undefined || fault !== undefined);
}
