import type { JamError } from "../shared/errors.ts";
import { READ_BYTES } from "../shared/limits.ts";
import { startSha256 } from "../shared/sha256.ts";
import type { ArrivingBytes, ByteRange } from "../store/store.ts";
import { unprovenEnd } from "./held-back.ts";
import { PassingSink, type SentBeginning } from "./passing-sink.ts";
import type { Pull, SharedBytes } from "./pull.ts";

/** A range of a tarball that is being fetched, as one reader gets it. Close it. */
export interface PulledBlob {
  /** Whether this reader began the fetch, joined one, or has one of its own past the store. */
  readonly use: "miss" | "joined" | "passed";
  /**
   * Resolves to how many bytes from `position` on can be read now, at least one; the end of the range is not among them
   * before the hash of the whole tarball is right. `held` when the rest is to be read from the store. `position` begins
   * at the start of the range and moves on by what was read.
   * @throws JamError JAM_ITEM_UNAVAILABLE; what was sent before it must not look like a whole answer
   */
  arrived(position: number): Promise<number | "held">;
  /** Fills `buffer` with bytes that have arrived; resolves to the bytes read. */
  readAt(buffer: Uint8Array, position: number): Promise<number>;
  /** The same without waiting; undefined when that is not possible. */
  readNow(buffer: Uint8Array, position: number): number | undefined;
  /**
   * Lets what `arrived` called held be read here, when the store has evicted it meanwhile: the file is still open. It is
   * hashed first.
   * @throws JamError JAM_ITEM_UNAVAILABLE when its bytes are not those of the tarball
   */
  proveEvicted(): Promise<void>;
  /** Ends a wait of `arrived`, which then fails. The fetch goes on. */
  close(): void;
}

/** What readers need of the server's cache. */
export interface ReaderWork {
  /** Fetches a tarball through `sink` alone; the sink is told how it ended. */
  readonly pass: (pull: Pull, sink: PassingSink, signal: AbortSignal) => void;
  /** The failure as clients are told it. */
  readonly unavailable: (pull: Pull, cause: Error) => JamError;
  /** How long a reader that has nothing yet waits while attempts fail, in ms. */
  readonly patienceMs: number;
}

/** Follows a fetch from wherever it is: from its file as far as that has come, or past the store where there is no room. */
export class PullReader implements PulledBlob {
  readonly #pull: Pull;
  readonly #range: ByteRange;
  readonly #work: ReaderWork;
  readonly #isFirst: boolean;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  /** Of the bytes that this reader has; undefined while it has none. */
  #generation: number | undefined;
  #shared: SharedBytes | undefined;
  #bytes: ArrivingBytes | undefined;
  #passing: PassingSink | undefined;

  constructor(
    pull: Pull,
    { range, isFirst }: { readonly range: ByteRange; readonly isFirst: boolean },
    work: ReaderWork,
  ) {
    this.#isFirst = isFirst;
    this.#pull = pull;
    this.#range = range;
    this.#work = work;
  }

  get use(): PulledBlob["use"] {
    if (this.#passing !== undefined) return "passed";
    return this.#isFirst ? "miss" : "joined";
  }

  async arrived(position: number): Promise<number | "held"> {
    const pull = this.#pull;
    for (;;) {
      this.#closing.signal.throwIfAborted();
      if (this.#passing !== undefined) return this.#passing.ready();
      if (this.#generation !== undefined && this.#generation !== pull.generation) throw this.#cutOff();
      const { state, changed } = pull;
      if (state.kind === "held") return "held";
      if (state.kind === "failed") throw state.error;
      if (state.kind === "passing") {
        await this.#startPassing(position);
        continue;
      }
      const count = Math.min(pull.readable, unprovenEnd(this.#range)) - position;
      if (count > 0 && (await this.#attach())) return count;
      if (count > 0 && pull.changed !== changed) continue;
      this.#losePatience(position);
      await Promise.race([changed, this.#closed.promise]);
    }
  }

  async readAt(buffer: Uint8Array, position: number): Promise<number> {
    if (this.#passing !== undefined) return this.#passing.take(buffer);
    return (await this.#bytes?.readAt(buffer, position)) ?? 0;
  }

  readNow(buffer: Uint8Array, position: number): number | undefined {
    if (this.#passing !== undefined) return this.#passing.take(buffer);
    return this.#bytes?.readNow?.(buffer, position);
  }

  async proveEvicted(): Promise<void> {
    const { sha256, size } = this.#pull.tarball;
    if (this.#bytes === undefined) {
      const reason = "it was deleted to make room before this reader had its first byte";
      throw this.#work.unavailable(this.#pull, new Error(reason));
    }
    if ((await this.#hashUntil(this.#bytes, size)) !== sha256) throw this.#cutOff();
  }

  close(): void {
    const gone = new DOMException("The reader left.", "AbortError");
    this.#closing.abort(gone);
    this.#closed.resolve();
    this.#passing?.fail(gone);
    this.#shared?.release();
    this.#shared = undefined;
    this.#bytes = undefined;
  }

  /** Reads what there is of this generation from now on; false when there is no such thing, or no longer. */
  async #attach(): Promise<boolean> {
    const { bytes, generation } = this.#pull;
    if (this.#bytes !== undefined && this.#generation === generation) return true;
    if (bytes === undefined) return false;
    bytes.hold();
    const reader = await bytes.reader;
    const isLate = this.#pull.generation !== generation || this.#closing.signal.aborted;
    if (reader === undefined || isLate) {
      bytes.release();
      return false;
    }
    this.#shared = bytes;
    this.#bytes = reader;
    this.#generation = generation;
    return true;
  }

  async #startPassing(position: number): Promise<void> {
    const { sha256 } = this.#pull.tarball;
    const sent = await this.#sentBefore(position);
    this.#closing.signal.throwIfAborted();
    const sink = new PassingSink({ sha256, range: this.#range, position, sent });
    this.#passing = sink;
    this.#work.pass(this.#pull, sink, this.#closing.signal);
  }

  /** What the file contains up to the last byte that this reader has. */
  async #sentBefore(position: number): Promise<SentBeginning | undefined> {
    const bytes = this.#bytes;
    if (position === this.#range.start || bytes === undefined) return undefined;
    return { length: position, sha256: await this.#hashUntil(bytes, position) };
  }

  async #hashUntil(bytes: ArrivingBytes, end: number): Promise<string> {
    const hash = startSha256();
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end));
    for (let at = 0; at < end;) {
      const count = await bytes.readAt(buffer.subarray(0, Math.min(buffer.length, end - at)), at);
      if (count === 0) throw this.#cutOff();
      hash.update(buffer.subarray(0, count));
      at += count;
    }
    return hash.digest("hex");
  }

  #losePatience(position: number): void {
    const { trouble } = this.#pull;
    if (trouble === undefined || position > this.#range.start) return;
    if (performance.now() - trouble.since < this.#work.patienceMs) return;
    throw this.#work.unavailable(this.#pull, trouble.error);
  }

  #cutOff(): JamError {
    return this.#work.unavailable(this.#pull, new Error("the upstream changed while this reader was served"));
  }
}
