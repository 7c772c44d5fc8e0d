/** How often a use case waits for a store that is far away: questions about many contents go there together. */
import { beforeAll, describe, expect, test } from "vitest";
import { planBundle } from "../../../src/bundle/create/plan-bundle.ts";
import { missingContents } from "../../../src/bundle/import/missing.ts";
import { takeInventory } from "../../../src/bundle/inventory/mirror-inventory.ts";
import { pruneStore } from "../../../src/mirror/prune.ts";
import { publishSnapshot } from "../../../src/mirror/publish.ts";
import { noteRefusedContents } from "../../../src/mirror/pins.ts";
import { readSnapshots } from "../../../src/mirror/read-snapshots.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import type { Agent } from "../../../src/juju/agent.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { lookAtAgents } from "../../../src/upgrade/ready/agent-checks.ts";
import { openMemoryStore } from "../../helpers/memory-store/memory-store.ts";
import { MemoryPlace } from "../../helpers/memory-store/place.ts";

const COUNT = 320;
/** So many calls are under way together. */
const TOGETHER = 32;
const CREATED = new Date("2026-11-20T00:00:00Z");

const place = new MemoryPlace({ latencyMs: 5 });
const store = openMemoryStore(place);
const agents: Agent[] = Array.from({ length: COUNT }, (_, patch) => agentOf(patch));
let snapshot: Snapshot;

function agentOf(patch: number): Agent {
  const bytes = Buffer.from(`tarball ${patch}`);
  const sha256 = sha256Of(bytes);
  place.blobs.set(sha256, { bytes, storedAt: CREATED });
  const version = `3.6.${patch}`;
  return {
    version,
    release: "ubuntu",
    arch: "amd64",
    path: `agent/${version}/juju-${version}-linux-amd64.tgz`,
    size: bytes.length,
    sha256,
    listings: [
      {
        contentId: "com.ubuntu.juju:released:agents",
        productId: "com.ubuntu.juju:ubuntu:amd64",
        date: "20260101",
      },
    ],
  };
}

beforeAll(async () => {
  snapshot = await publishSnapshot(
    store,
    {
      agents,
      upstream: { name: "sample", url: "http://upstream.invalid/", verified: false, documents: [] },
      verbatim: { complete: false, reason: "a test" },
      parent: undefined,
      createdAt: CREATED,
    },
    { ref: MIRROR_REF, graced: [] },
  );
});

/** The rounds that `act` takes, and its calls. */
async function roundsOf(act: () => Promise<unknown>): Promise<{ rounds: number; calls: number }> {
  const before = { rounds: place.rounds, calls: place.calls };
  await act();
  return { rounds: place.rounds - before.rounds, calls: place.calls - before.calls };
}

describe(`${COUNT} tarballs are asked for in a few rounds`, () => {
  const contents = agents.map(({ sha256, size, path }) => ({ kind: "tarball", sha256, size, path }) as const);
  const plan = {
    streams: ["released"],
    agents: agents.map(({ version, release, arch, sha256 }) => ({
      version,
      release,
      arch,
      sha256,
      family: "agents",
    })),
  };
  test.for<[string, () => Promise<unknown>]>([
    [
      "by the plan of a bundle",
      () =>
        planBundle({ snapshot, choice: {}, advice: [], allowsPartial: true }, store).catch((error) => error),
    ],
    ["by an import", () => missingContents(store, { catalogue: agents, contents, proofs: [] } as never)],
    ["by an inventory", () => takeInventory(store, { site: "near", now: CREATED })],
    [
      "by jam ready",
      () =>
        lookAtAgents({
          plan: plan as never,
          held: agents,
          blobs: store.blobs,
          isDeep: false,
          damaged: new Set(),
          now: () => CREATED,
          signal: new AbortController().signal,
        }),
    ],
    [
      "by the note on refused contents",
      () =>
        noteRefusedContents(
          store.documents,
          agents.map(({ sha256 }) => sha256),
          {
            now: CREATED,
            isHeld: async (sha256) => (await store.blobs.stat(sha256)) !== undefined,
          },
        ),
    ],
  ])("%s", async ([, act]) => {
    const { rounds, calls } = await roundsOf(act);
    expect(calls).toBeGreaterThanOrEqual(COUNT);
    expect(rounds).toBeLessThanOrEqual(COUNT / TOGETHER + 12);
  });
});

test("forty snapshots are read in a few rounds", async () => {
  const bytes = await store.documents.get("snapshots", `${snapshot.id}.json`);
  const ids = Array.from(
    { length: 40 },
    (_, at) => `202611${10 + (at % 20)}T00000${Math.floor(at / 20)}Z-0000000a`,
  );
  for (const id of ids) {
    const text = Buffer.from(bytes ?? [])
      .toString()
      .replaceAll(snapshot.id, id);
    place.documents.set(`snapshots/${id}.json`, Buffer.from(text));
  }
  const { rounds, calls } = await roundsOf(() => readSnapshots(store));
  expect(calls).toBeGreaterThan(40);
  // All of them name one page.
  expect(rounds).toBeLessThanOrEqual(41 / 8 + 3);
  for (const id of ids) place.documents.delete(`snapshots/${id}.json`);
});

test("what nothing lists is deleted in a few rounds", async () => {
  for (let at = 0; at < COUNT; at += 1) {
    const bytes = Buffer.from(`unlisted ${at}`);
    place.blobs.set(sha256Of(bytes), { bytes, storedAt: CREATED });
  }
  const rules = { snapshots: 1, graceMs: 0, quota: undefined };
  const lease = await store.lease.acquire("jam prune");
  const { rounds } = await roundsOf(() => pruneStore(store, rules, new Date("2026-11-28T00:00:00Z")));
  await lease.release();
  expect(place.blobs.size).toBe(COUNT);
  // Each is looked at, then deleted.
  expect(rounds).toBeLessThanOrEqual((2 * COUNT) / TOGETHER + 30);
});
