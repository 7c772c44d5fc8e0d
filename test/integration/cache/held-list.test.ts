import { expect, test } from "vitest";
import { OfferWatch } from "../../../src/cache/offer-watch.ts";
import type { Agent } from "../../../src/juju/agent.ts";
import { findHeld } from "../../../src/mirror/held-tarballs.ts";
import { writeOffer, writeReach } from "../../../src/mirror/offer.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { putBlob } from "../../helpers/store-content.ts";
import { temporaryStore, type TemporaryStore } from "../../helpers/temporary-store.ts";

const CHANGED_AT = "2026-01-01T00:00:00.000Z";
const SIZE = 1000;

/** An agent of the offer, of which only the hash and the size matter here. */
function agentOf(sha256: Sha256, patch: number): Agent {
  const version = `3.6.${patch}`;
  return {
    version,
    release: "ubuntu",
    arch: "amd64",
    path: `agent/${version}.tgz`,
    size: SIZE,
    sha256,
    listings: [],
  };
}

/** A watch of a store with this offer, while upstream is away. `onFound` runs when what is held was listed, before that is used. */
async function watchAway(store: TemporaryStore, agents: readonly Agent[], onFound: () => Promise<void>) {
  const { documents } = store;
  await writeOffer(documents, {
    changedAt: CHANGED_AT,
    upstream: { name: "sample", url: "http://upstream.invalid/", verified: true, documents: [] },
    verbatim: { complete: false, reason: "a part" },
    agents,
  });
  const away = { since: CHANGED_AT, code: "JAM_UPSTREAM_UNREACHABLE", message: "away" } as const;
  await writeReach(documents, { refreshedAt: CHANGED_AT, changedAt: CHANGED_AT, away });
  return new OfferWatch({
    documents,
    findHeld: async (wanted) => {
      const found = await findHeld(store, wanted);
      await onFound();
      return found;
    },
    refresh: async () => "away",
    close: async () => undefined,
    now: () => new Date(),
    onNote: () => undefined,
    upstreams: [{ name: "sample", refreshMs: 3_600_000, staleMs: 0 }],
    staleMs: 0,
  });
}

async function listed(watch: OfferWatch): Promise<string[]> {
  return (await watch.shown(undefined))?.snapshot.agents.map(({ version }) => version) ?? [];
}

test("a tarball that comes while what is held is listed is in the index", async () => {
  await using store = await temporaryStore();
  const first = await putBlob(store.blobs, SIZE, 1);
  const lease = await store.lease.acquire("test");
  await store.blobs.delete(first.sha256);
  await lease.release();
  let isFirstLook = true;
  const watch: OfferWatch = await watchAway(store, [agentOf(first.sha256, 1)], async () => {
    if (!isFirstLook) return;
    isFirstLook = false;
    await putBlob(store.blobs, SIZE, 1);
    watch.forgetHeld();
  });

  expect(await listed(watch)).toEqual(["3.6.1"]);
});

test("a tarball that goes while what is held is listed is not in the index", async () => {
  await using store = await temporaryStore();
  const [one, other] = [await putBlob(store.blobs, SIZE, 1), await putBlob(store.blobs, SIZE, 2)];
  let isFirstLook = true;
  const agents = [agentOf(one.sha256, 1), agentOf(other.sha256, 2)];
  const watch: OfferWatch = await watchAway(store, agents, async () => {
    if (!isFirstLook) return;
    isFirstLook = false;
    const lease = await store.lease.acquire("test");
    await store.blobs.delete(one.sha256);
    await lease.release();
    watch.forgetHeld();
  });

  expect(await listed(watch)).toEqual(["3.6.2"]);
});

test("what is held is listed once for all who ask as long as nothing comes or goes", async () => {
  await using store = await temporaryStore();
  const { sha256 } = await putBlob(store.blobs, SIZE, 1);
  let looks = 0;
  const watch = await watchAway(store, [agentOf(sha256, 1)], async () => void (looks += 1));

  for (let at = 0; at < 3; at += 1) expect(await listed(watch)).toEqual(["3.6.1"]);

  expect(looks).toBe(1);
});

test("while tarballs come and go all the time, an index is given all the same", async () => {
  await using store = await temporaryStore();
  const { sha256 } = await putBlob(store.blobs, SIZE, 1);
  let looks = 0;
  const watch: OfferWatch = await watchAway(store, [agentOf(sha256, 1)], async () => {
    looks += 1;
    watch.forgetHeld();
  });

  expect(await listed(watch)).toEqual(["3.6.1"]);
  expect(looks).toBeLessThan(10);
});
