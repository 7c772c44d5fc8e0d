import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "../src/juju/agent.ts";
import { asWriter } from "../src/mirror/as-writer.ts";
import { keepSnapshot } from "../src/mirror/keep-snapshot.ts";
import { readGraced, showSnapshot } from "../src/mirror/publish.ts";
import type { Snapshot } from "../src/mirror/snapshot.ts";
import { mapConcurrently } from "../src/shared/map-concurrently.ts";
import { MIRROR_REF } from "../src/shared/ref-name.ts";
import { sha256Of } from "../src/shared/sha256.ts";
import { blobFolder, blobPath } from "../src/store/layout.ts";
import type { Store } from "../src/store/store.ts";
import { temporaryStore, type TemporaryStore } from "../test/helpers/temporary-store.ts";

const ARCHES = ["amd64", "arm64", "ppc64el", "s390x"];
const DAY_MS = 86_400_000;
const BENCH = { command: "bench", onNote: () => undefined };
const UPSTREAM = { name: "sample", url: "http://127.0.0.1:9/tools/", verified: true, documents: [] };

/** A mirror with many snapshots of which nothing was downloaded: its tarballs are a few bytes each. */
export class ChannelMirror implements AsyncDisposable {
  readonly store: TemporaryStore;
  readonly #agents: number;
  #made = 0;
  #last: Snapshot | undefined;

  private constructor(store: TemporaryStore, agents: number) {
    this.store = store;
    this.#agents = agents;
  }

  /** `snapshots` of `agents` agents each, one a day; each one brings an agent and loses the oldest one. The last is shown. */
  static async make(snapshots: number, agents: number): Promise<ChannelMirror> {
    const store = await temporaryStore();
    const mirror = new ChannelMirror(store, agents);
    const now = Date.now();
    await asWriter(store, BENCH, async () => {
      for (let at = 1; at <= snapshots; at += 1)
        await mirror.#keep(new Date(now - (snapshots - at) * DAY_MS));
      await mirror.#show(new Date(now));
    });
    return mirror;
  }

  get path(): string {
    return this.store.path;
  }

  /** Publishes one more agent, as a sync does. */
  async publishNext(): Promise<Snapshot> {
    return asWriter(this.store, BENCH, async () => {
      const now = new Date();
      const snapshot = await this.#keep(now);
      await this.#show(now);
      return snapshot;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
  }

  async #keep(createdAt: Date): Promise<Snapshot> {
    const agents = Array.from({ length: this.#agents }, (_, at) => anAgent(this.#made + at));
    const fresh = this.#made === 0 ? agents : agents.slice(-1);
    await mapConcurrently(fresh, (agent) => this.#putTarball(agent));
    this.#last = await keepSnapshot(this.#unflushed(), {
      parent: this.#last?.id,
      createdAt,
      upstream: UPSTREAM,
      verbatim: { complete: false, reason: "nothing was read from an upstream" },
      agents,
    });
    this.#made += 1;
    return this.#last;
  }

  /** The store's documents, written without a flush each: a thousand flushes take minutes on a busy disk. */
  #unflushed(): Pick<Store, "documents"> {
    const { documents } = this.store;
    const put: Store["documents"]["put"] = (kind, name, bytes) =>
      writeFile(join(this.path, kind, name), bytes);
    return { documents: { ...documents, put } };
  }

  async #show(now: Date): Promise<void> {
    if (this.#last === undefined) throw new Error("There is no snapshot to show.");
    const graced = await readGraced(this.store, MIRROR_REF, { graceMs: 6 * 3_600_000, now });
    await showSnapshot(this.store, this.#last, { ref: MIRROR_REF, graced, at: now, isNew: true });
  }

  /** Written without a flush each: what a sync costs is not measured here. */
  async #putTarball({ sha256, path }: Agent): Promise<void> {
    await mkdir(join(this.path, blobFolder(sha256)), { recursive: true });
    await writeFile(join(this.path, blobPath(sha256)), path, { mode: 0o444 });
  }
}

function anAgent(number: number): Agent {
  const arch = ARCHES[number % ARCHES.length] ?? "amd64";
  const of = Math.floor(number / ARCHES.length);
  const version = `3.${1 + Math.floor(of / 210)}.${of % 210}`;
  const path = `agent/${version}/juju-${version}-linux-${arch}.tgz`;
  const productId = `com.ubuntu.juju:ubuntu:${arch}`;
  const listings = [{ contentId: "com.ubuntu.juju:released:agents", productId, date: "20260101" }];
  return { version, release: "ubuntu", arch, path, size: path.length, sha256: sha256Of(path), listings };
}
