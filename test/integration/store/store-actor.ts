/**
 * One action on a store in a process of its own, which tests lock out, starve, kill or run in a private mount
 * namespace: `node store-actor.ts ACTION DATA`. Prints one line of JSON when it is done, or the error's code.
 */
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isJamError } from "../../../src/shared/errors.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { inChunks, putBlob, readBlob, someBytes } from "../../helpers/store-content.ts";

const ACTIONS: Readonly<Record<string, (dataDir: string) => Promise<unknown>>> = {
  /** Holds the writer's place until standard input ends. */
  async hold(dataDir) {
    const store = await openFsStore(dataDir);
    const lease = await store.lease.acquire("jam sync");
    say({ held: process.pid });
    process.stdin.resume();
    await once(process.stdin, "end");
    await lease.release();
    return { released: process.pid };
  },

  /** Fills the disk with a blob, in a file system that is smaller than the blob. */
  async fill(dataDir) {
    const store = await openFsStore(dataDir, { create: true });
    const small = await putBlob(store.blobs, 100_000);
    const big = someBytes(8_000_000, 2);
    const staged = await store.blobs.stage(big.sha256);
    const failure = await codeOf(staged.append(inChunks(big.bytes), big.bytes.length));
    await staged.close();
    const lease = await store.lease.acquire("jam prune");
    await lease.release();
    const documentFailure = await codeOf(store.documents.put("state", "big.json", big.bytes));
    await (await store.lease.acquire("jam prune")).release();
    const again = await store.blobs.stage(big.sha256);
    return {
      failure,
      documentFailure,
      kept: again.received,
      isSmallThere: (await readBlob(store.blobs, small.sha256))?.equals(small.bytes),
      leftovers: readdirSync(join(dataDir, "state")),
    };
  },

  /** Publishes a tree of one blob and one document under the next id; the store has them or gets them. */
  async publish(dataDir) {
    const store = await openFsStore(dataDir, { create: true });
    const lease = await store.lease.acquire("jam sync");
    const before = await store.refs.read("mirror");
    const id = before === "old" ? "new" : "old";
    const blob = await putBlob(store.blobs, 50_000, id === "new" ? 2 : 1);
    const document = Buffer.from(JSON.stringify({ id, sha256: blob.sha256 }));
    await store.documents.put("snapshots", `${id}.json`, document);
    await store.trees.build(id, [
      { path: "streams/v1/index2.json", bytes: document },
      { path: `agent/${id}.tgz`, sha256: blob.sha256 },
    ]);
    await store.refs.swap("mirror", before, id);
    if (before !== undefined) await store.trees.delete(before);
    await lease.release();
    return { published: id };
  },

  /** Publishes with blobs and trees on different file systems: `published` is a mount of its own here. */
  async publishAcross(dataDir) {
    const store = await openFsStore(dataDir, { create: true });
    const blob = await putBlob(store.blobs, 50_000);
    await store.trees.build("one", [{ path: "agent/a.tgz", sha256: blob.sha256 }]);
    return { trees: await store.trees.list() };
  },

  /** Uses a store on a read-only medium. */
  async readOnly(dataDir) {
    const store = await openFsStore(dataDir);
    const { sha256 } = someBytes(50_000, 1);
    return {
      ref: await store.refs.read("mirror"),
      bytes: (await readBlob(store.blobs, sha256))?.length,
      writer: (await store.lease.holder()) ?? null,
      lock: await codeOf(store.lease.acquire("jam sync")),
      put: await codeOf(store.documents.put("state", "a.json", Buffer.from("a"))),
      stage: await codeOf(
        (async () =>
          (await store.blobs.stage(someBytes(10, 3).sha256)).append(inChunks(Buffer.alloc(10)), 10))(),
      ),
      delete: await codeOf(store.blobs.delete(sha256)),
      create: await codeOf(openFsStore(join(dataDir, "other"), { create: true })),
    };
  },
};

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "done";
  } catch (error) {
    return isJamError(error) ? error.code : String(error);
  }
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const [action = "", dataDir = ""] = process.argv.slice(2);
mkdirSync(dataDir, { recursive: true });
try {
  say(await ACTIONS[action]?.(dataDir));
} catch (error) {
  say({ failed: isJamError(error) ? error.code : String(error) });
}
