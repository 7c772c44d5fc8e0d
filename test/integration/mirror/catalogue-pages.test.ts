/** Snapshots name their agents page by page: what is shared, what is written, what is deleted, what damage means. */
import { beforeEach, describe, expect, test } from "vitest";
import { pageReader } from "../../../src/mirror/catalogue.ts";
import { keepSnapshot } from "../../../src/mirror/keep-snapshot.ts";
import { readKeptSnapshots } from "../../../src/mirror/kept-contents.ts";
import { listSnapshots } from "../../../src/mirror/list-snapshots.ts";
import { planPrune, pruneStore } from "../../../src/mirror/prune.ts";
import { publishSnapshot } from "../../../src/mirror/publish.ts";
import { readBaseline, readHeader, readSnapshot, readSnapshots } from "../../../src/mirror/read-snapshots.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import type { DocumentKind, Store } from "../../../src/store/store.ts";
import { checkSnapshots } from "../../../src/verify/check-snapshots.ts";
import { openMemoryStore } from "../../helpers/memory-store/memory-store.ts";
import { MemoryPlace } from "../../helpers/memory-store/place.ts";
import type { Agent } from "../../../src/juju/agent.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";

const HOUR_MS = 3_600_000;
const START = Date.parse("2026-11-20T00:00:00Z");
const RULES = { snapshots: 1, graceMs: 0, quota: undefined };
const OLD = ["2.9.1", "2.9.2", "3.6.1", "3.6-beta2", "3.10.1", "3.1.1"];

let place: MemoryPlace;
let store: Store;
/** `put catalogue`, `delete snapshots`, in the order of the calls. */
let writes: string[];

beforeEach(() => {
  place = new MemoryPlace();
  const opened = openMemoryStore(place);
  writes = [];
  const { documents } = opened;
  store = {
    ...opened,
    documents: {
      ...documents,
      put: (kind: DocumentKind, name: string, bytes: Uint8Array) => {
        writes.push(`put ${kind}`);
        return documents.put(kind, name, bytes);
      },
      delete: (kind: DocumentKind, name: string) => {
        writes.push(`delete ${kind}`);
        return documents.delete(kind, name);
      },
    },
  };
});

const mirrored = (version: string): Agent => ({
  version,
  release: "ubuntu",
  arch: "amd64",
  path: `agent/${version}/juju-${version}-linux-amd64.tgz`,
  size: 1000 + version.length,
  sha256: sha256Of(version),
  listings: [
    {
      contentId: "com.ubuntu.juju:released:agents",
      productId: "com.ubuntu.juju:ubuntu:amd64",
      date: "20261123",
    },
  ],
});

const contentOf = (versions: readonly string[], hours: number, parent?: string) => ({
  agents: versions.map((version) => mirrored(version)),
  upstream: { name: "sample", url: "http://sample.invalid/", verified: true, documents: [] },
  verbatim: { complete: true } as const,
  parent,
  createdAt: new Date(START + hours * HOUR_MS),
});

async function publish(versions: readonly string[], hours: number, parent?: Snapshot): Promise<Snapshot> {
  const content = contentOf(versions, hours, parent?.id);
  return publishSnapshot(store, content, { ref: MIRROR_REF, graced: [] });
}

const pageNames = () => store.documents.list("catalogue");

async function pagesOf(id: string) {
  const header = await readHeader(store, id);
  if (header === undefined || !("pages" in header.catalogue)) throw new Error(`${id} has no pages`);
  return header.catalogue.pages;
}

async function pageOf(id: string, minor: string): Promise<string> {
  return (await pagesOf(id)).find((page) => page.minor === minor)?.sha256 ?? "";
}

describe("a snapshot in pages", () => {
  test("is read as it was kept, in the order of names, with counts that need no page", async () => {
    const snapshot = await keepSnapshot(store, contentOf(OLD, 0));
    expect(await readSnapshot(store, snapshot.id)).toEqual(snapshot);
    const names = snapshot.agents.map(({ version }) => version);
    expect(names).toEqual(["2.9.1", "2.9.2", "3.1.1", "3.10.1", "3.6-beta2", "3.6.1"]);
    expect((await pagesOf(snapshot.id)).map(({ minor, agents }) => [minor, agents])).toEqual([
      ["2.9", 2],
      ["3.1", 1],
      ["3.10", 1],
      ["3.6", 2],
    ]);
    place.documents.forEach((_bytes, key) => key.startsWith("catalogue/") && place.documents.delete(key));
    expect((await listSnapshots(store)).snapshots).toMatchObject([{ id: snapshot.id, agents: 6 }]);
  });

  test("that adds one agent writes one page, and the page before the document", async () => {
    const first = await publish(OLD, 0);
    writes = [];
    await publish([...OLD, "3.6.2"], 1, first);
    expect(writes).toEqual(["put catalogue", "put snapshots"]);
    expect(await pageNames()).toHaveLength(5);
    expect((await readSnapshots(store)).map(({ agents }) => agents.length)).toEqual([6, 7]);
  });

  test("that drops a whole minor writes its document only", async () => {
    const first = await publish(OLD, 0);
    writes = [];
    await publish(OLD.slice(2), 1, first);
    expect(writes).toEqual(["put snapshots"]);
  });
});

describe("retention", () => {
  test("deletes a page with the last snapshot that names it, after that snapshot", async () => {
    let last = await publish(OLD, 0);
    for (const [at, version] of ["3.6.2", "3.6.3", "4.0.1"].entries())
      last = await publish([...last.agents.map((agent) => agent.version), version], at + 1, last);
    const before = await pageNames();
    expect(before).toHaveLength(7);
    writes = [];
    const plan = await pruneStore(store, RULES, new Date(START + 48 * HOUR_MS));
    expect([plan.snapshots.length, plan.pages.length]).toEqual([2, 2]);
    const deletions = writes.filter((write) => write.startsWith("delete"));
    expect(deletions).toEqual([
      ...Array.from({ length: 2 }, () => "delete snapshots"),
      ...Array.from({ length: 2 }, () => "delete catalogue"),
    ]);
    expect(await readSnapshots(store)).toHaveLength(2);
    expect((await checkSnapshots(store)).faults).toEqual([]);
  });

  test("deletes the pages that a run left that was killed before it wrote its snapshot", async () => {
    await publish(OLD, 0);
    const killed = await keepSnapshot(store, contentOf(["4.0.1"], 1));
    await store.documents.delete("snapshots", `${killed.id}.json`);
    expect((await planPrune(store, RULES, new Date(START))).pages).toHaveLength(1);
  });

  test.for(["its document", "one of its pages"])(
    "deletes no page while a snapshot cannot be read, because %s is damaged",
    async (what) => {
      const first = await publish(OLD, 0);
      const second = await publish([...OLD, "3.6.2"], 1, first);
      const page = await pageOf(first.id, "3.6");
      if (what === "its document")
        await store.documents.put("snapshots", `${first.id}.json`, Buffer.from("{"));
      else await store.documents.put("catalogue", page, Buffer.from("{}"));
      await pruneStore(store, { ...RULES, snapshots: 0 }, new Date(START + 48 * HOUR_MS));
      expect(await pageNames()).toContain(page);
      expect((await readSnapshots(store)).map(({ id }) => id)).toEqual([second.id]);
    },
  );
});

describe("a page that is shared by what is shown", () => {
  const damages: Record<string, (page: string) => Promise<void>> = {
    missing: (page) => store.documents.delete("catalogue", page),
    "cut short": (page) => store.documents.put("catalogue", page, Buffer.from('{"format":')),
    "of other agents": (page) =>
      store.documents.put(
        "catalogue",
        page,
        Buffer.from(place.documents.get(`catalogue/${page}`)?.toString().replace("3.6.1", "3.6.9") ?? ""),
      ),
  };

  test.for(Object.keys(damages))(
    "and is %s: verify names each snapshot, nothing is deleted, the next run writes it again",
    async (how) => {
      const first = await publish(OLD, 0);
      const second = await publish([...OLD, "4.0.1"], 1, first);
      await damages[how]?.(await pageOf(first.id, "3.6"));
      const { faults, kept } = await checkSnapshots(store);
      expect(kept).toEqual([]);
      expect(faults.map(({ id, state, isShown }) => ({ id, state, isShown }))).toEqual([
        { id: first.id, state: "damaged", isShown: false },
        { id: second.id, state: "damaged", isShown: true },
      ]);
      await expect(pruneStore(store, RULES, new Date(START + 48 * HOUR_MS))).rejects.toMatchObject({
        code: "JAM_STORE_CORRUPT",
        details: { snapshot: second.id },
      });
      expect(await readBaseline(store, MIRROR_REF)).toMatchObject({ current: undefined });
      await publish([...OLD, "4.0.1", "4.0.2"], 2);
      expect((await checkSnapshots(store)).faults).toEqual([]);
    },
  );

  test.for(Object.keys(damages))("and was %s is read again once the run has put it back", async (how) => {
    const first = await publish(OLD, 0);
    const second = await publish([...OLD, "4.0.1"], 1, first);
    const page = await pageOf(first.id, "3.6");
    const whole = (await store.documents.get("catalogue", page)) ?? Buffer.alloc(0);
    await damages[how]?.(page);
    const read = pageReader(store.documents);
    expect(await readBaseline(store, MIRROR_REF, { read })).toMatchObject({ current: undefined });
    await store.documents.put("catalogue", page, whole);
    expect((await readKeptSnapshots(store, read)).map(({ id }) => id)).toEqual([first.id, second.id]);
    const plan = await pruneStore(store, RULES, new Date(START + 48 * HOUR_MS), { read });
    expect([plan.snapshots, plan.pages, plan.blobs]).toEqual([[], [], []]);
  });

  test("of a newer form is refused, and does not count as damage", async () => {
    const { id } = await publish(OLD, 0);
    const [page] = await pagesOf(id);
    const bytes = Buffer.from(place.documents.get(`catalogue/${page?.sha256}`) ?? []);
    const text = bytes.toString().replace("jam-catalogue:1", "jam-catalogue:2");
    const { parsePage } = await import("../../../src/mirror/catalogue-page.ts");
    expect(page && parsePage(Buffer.from(text), page)).toEqual({ newerFormat: "jam-catalogue:2" });
  });
});

test("snapshots of the first form and of today's are kept side by side", async () => {
  const today = await publish(OLD, 1);
  const { agents, ...envelope } = today;
  const first = { ...envelope, id: "20261119T000000Z-0000000a", createdAt: "2026-11-19T00:00:00.000Z" };
  const document = JSON.stringify({ format: "jam-snapshot:1", ...first, agents });
  await store.documents.put("snapshots", `${first.id}.json`, Buffer.from(document));
  expect(await readSnapshots(store)).toEqual([{ ...first, agents }, today]);
  expect((await listSnapshots(store)).snapshots.map((row) => row.bytes)).toEqual([6035, 6035]);
  await pruneStore(store, { ...RULES, snapshots: 0 }, new Date(START + 48 * HOUR_MS));
  expect(await readSnapshots(store)).toEqual([today]);
});
