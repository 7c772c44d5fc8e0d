/**
 * A client that never rests, as a process of its own: reads a mirror from its index to its last tarball, on disk and
 * over HTTP, again and again, and tells what it saw. Talks with its parent by messages.
 */
import { setTimeout as pause } from "node:timers/promises";
import { folderTree, MissingFile, walkTree, type ReadTree } from "../helpers/published.ts";

/** What to read. */
export interface WatchOrder {
  /** Folder of the published tree, `…/data/tools`. */
  readonly tools: string;
  /** Where a server offers the same, if there is one. */
  readonly url?: string;
  /** Fingerprints that may be seen, in this order: nothing older comes back once a newer one was seen. */
  readonly allowed: readonly string[];
  /** True where nothing may vanish between reading the index and reading what it lists. */
  readonly isGraced: boolean;
}

/** What was seen between an order and the word to stop. */
export interface WatchReport {
  readonly walks: number;
  /** Walks that had to start over because the mirror had moved on and grants no grace. */
  readonly overtaken: number;
  readonly faults: readonly string[];
}

const PAUSE_MS = 2;
const INDEX = "streams/v1/index2.json";

class Watch {
  readonly #order: WatchOrder;
  #isOver = false;
  #walks = 0;
  #overtaken = 0;
  readonly #faults: string[] = [];
  readonly #done: Promise<unknown>;

  constructor(order: WatchOrder) {
    this.#order = order;
    const trees = [this.#watch("on disk", folderTree(order.tools))];
    if (order.url !== undefined) trees.push(this.#watch("over HTTP", urlTree(order.url)));
    this.#done = Promise.all(trees);
  }

  async stop(): Promise<WatchReport> {
    this.#isOver = true;
    await this.#done;
    return { walks: this.#walks, overtaken: this.#overtaken, faults: this.#faults };
  }

  async #watch(where: string, read: ReadTree): Promise<void> {
    let reached = 0;
    while (!this.#isOver) {
      try {
        reached = this.#judge(await this.#walk(read), reached);
      } catch (error) {
        this.#faults.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
      }
      this.#walks += 1;
      await pause(PAUSE_MS);
    }
  }

  #judge(fingerprint: string, reached: number): number {
    const { allowed } = this.#order;
    const position = allowed.indexOf(fingerprint);
    if (position === -1) throw new Error("a mixture was published");
    if (position < reached) throw new Error("an older state came back");
    return position;
  }

  async #walk(read: ReadTree): Promise<string> {
    const before = await read(INDEX);
    try {
      return (await walkTree(read, [INDEX])).fingerprint;
    } catch (error) {
      const hasMoved = error instanceof MissingFile && !sameBytes(before, await read(INDEX));
      if (this.#order.isGraced || !hasMoved) throw error;
      this.#overtaken += 1;
      return this.#walk(read);
    }
  }
}

function sameBytes(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one !== undefined && other !== undefined && one.equals(other);
}

function urlTree(url: string): ReadTree {
  return async (path) => {
    const response = await fetch(`${url}/${path}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`);
    return bytes;
  };
}

let watch: Watch | undefined;
process.on("message", (order: WatchOrder | "stop") => {
  if (order !== "stop") watch = new Watch(order);
  else void watch?.stop().then((report) => process.send?.(report));
});
process.on("disconnect", () => void watch?.stop());
