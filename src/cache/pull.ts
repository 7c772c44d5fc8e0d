import type { WantedTarball } from "../sync/fetch-tarball.ts";
import type { JamError } from "../shared/errors.ts";
import type { ArrivingBytes, StagedBlob } from "../store/store.ts";

/** How the fetch of a tarball stands. */
export type PullState =
  | { readonly kind: "arriving" }
  /** The tarball is in the store. */
  | { readonly kind: "held" }
  /** It cannot be stored: each reader fetches it for itself. */
  | { readonly kind: "passing" }
  | { readonly kind: "failed"; readonly error: JamError };

/** Attempts that fail while the fetch goes on. */
export interface Trouble {
  readonly error: Error;
  /** As `performance.now()`. */
  readonly since: number;
}

/** One fetch of a tarball that any number of readers share. It knows nothing of them, so a slow one never slows it. */
export class Pull {
  readonly tarball: WantedTarball;
  #state: PullState = { kind: "arriving" };
  #staged: StagedBlob | undefined;
  #readable = 0;
  #generation = 0;
  #bytes: SharedBytes | undefined;
  #trouble: Trouble | undefined;
  #change = Promise.withResolvers<void>();

  constructor(tarball: WantedTarball) {
    this.tarball = tarball;
  }

  get state(): PullState {
    return this.#state;
  }

  /** Bytes from the start on that readers may read of this generation. */
  get readable(): number {
    return this.#readable;
  }

  /** Another number after each start over: the bytes before it may be others than those after it. */
  get generation(): number {
    return this.#generation;
  }

  /** Where the readable bytes are; undefined while there are none. */
  get bytes(): SharedBytes | undefined {
    return this.#bytes;
  }

  /** Undefined as long as bytes arrive. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Resolves at the next change of any of these. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  /** Bytes come through `staged` from now on. */
  follow(staged: StagedBlob): void {
    this.#staged = staged;
  }

  /** So many bytes can be read; 0 when the tarball starts over. */
  readonly onReadable = (bytes: number): void => {
    if (this.#state.kind !== "arriving") return;
    if (bytes === 0) this.#startOver();
    else this.#bytes ??= this.#openBytes();
    if (bytes > this.#readable) this.#trouble = undefined;
    this.#readable = bytes;
    this.wake();
  };

  /** An attempt failed and the fetch goes on; `isOver` after this time for readers that have nothing yet. */
  onTrouble(error: Error, patienceMs: number): void {
    this.#trouble = { error, since: this.#trouble?.since ?? performance.now() };
    setTimeout(() => this.wake(), patienceMs).unref();
    this.wake();
  }

  /** The fetch has ended. */
  end(state: PullState): void {
    this.#state = state;
    this.#staged = undefined;
    this.#bytes?.release();
    this.#bytes = undefined;
    this.wake();
  }

  wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  #openBytes(): SharedBytes | undefined {
    const opening = this.#staged?.openArriving?.();
    return opening && new SharedBytes(opening);
  }

  #startOver(): void {
    if (this.#readable > 0 || this.#bytes !== undefined) this.#generation += 1;
    this.#bytes?.release();
    this.#bytes = undefined;
  }
}

/** Bytes that several readers read through one descriptor; the last one who releases them closes it. */
export class SharedBytes {
  /** Undefined when they could not be opened: then there is nothing to read before the tarball is in the store. */
  readonly reader: Promise<ArrivingBytes | undefined>;
  /** The fetch itself. */
  #users = 1;

  constructor(opening: Promise<ArrivingBytes>) {
    this.reader = opening.catch(() => undefined);
  }

  hold(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.reader.then((reader) => reader?.close()).catch(() => undefined);
  }
}
