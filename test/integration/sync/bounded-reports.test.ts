import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keepReport, readReports, type SyncReport } from "../../../src/mirror/run-report.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";
const tree = await buildSampleTree({
  releases: ["3.6.26"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
});

/** The tree with so many further items that have no sha256. */
function withBadItems(count: number) {
  return tree.withEdited(AGENTS, (document) => {
    const [product] = Object.values(document.products);
    const [{ items } = { items: {} }] = Object.values(product?.versions ?? {});
    for (let index = 0; index < count; index++) {
      const version = `3.7.${index}`;
      const item = { version, release: "ubuntu", arch: "amd64", path: `agent/${version}.tgz`, size: 1 };
      (items as Record<string, unknown>)[`${version}-ubuntu-amd64`] = item;
    }
  });
}

test("lists the first thousand refused items and counts the others, printed, kept and shown", async () => {
  await using upstream = await startUpstream({ tree: await withBadItems(1500) });
  await using mirror = await temporaryMirror(upstream);
  const run = await mirror.jam("sync", "-o", "json");
  expect(run.status).toBe(3);
  const report = JSON.parse(run.stdout) as SyncReport;
  expect(report.failed).toHaveLength(1000);
  expect(report.failed[0]).toMatchObject({ agent: "3.7.0-ubuntu-amd64", code: "JAM_ITEM_REFUSED" });
  expect(report).toMatchObject({ outcome: "partial", held: { agents: 1 }, omitted: { failed: 500 } });

  const [name = ""] = await readdir(join(mirror.data, "history"));
  const kept = JSON.parse(await readFile(join(mirror.data, "history", name), "utf8")) as SyncReport;
  expect(kept.failed.length + (kept.omitted?.failed ?? 0)).toBe(1500);

  expect((await mirror.jam("sync")).stdout).toMatch(/: 1500 agents missing[^]*\nand 500 more\n/);
  expect((await mirror.jam("status")).stdout).toMatch(/partial +0 +0 +1500/);
});

test("counts bad items that no rule wants and lists none of them", async () => {
  await using upstream = await startUpstream({ tree: await withBadItems(1500) });
  await using mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: "3.6" }],
  });
  expect(await mirror.sync()).toMatchObject({
    outcome: "updated",
    failed: [],
    warnings: ["Upstream lists 1500 bad items that no rule wants: left out."],
  });
});

test("a kept report has at most half a megabyte, whatever its rows say", async () => {
  await using store = await temporaryStore();
  const row = { agent: "3.6.5-ubuntu-amd64", path: "x".repeat(2000), code: "JAM_ITEM_REFUSED" } as const;
  const report: SyncReport = {
    outcome: "partial",
    snapshot: null,
    upstream: null,
    verified: true,
    fetched: { agents: 0, bytes: 0 },
    held: { agents: 0, bytes: 0 },
    added: [],
    removed: [],
    failed: Array.from({ length: 1000 }, () => ({ ...row, message: "y".repeat(2000) })),
    warnings: [],
    omitted: { failed: 7 },
    startedAt: "2026-11-29T12:00:00.000Z",
    durationMs: 1,
  };
  await keepReport(store.documents, report);
  const [name = ""] = await store.documents.list("history");
  expect((await store.documents.get("history", name))?.length).toBeLessThanOrEqual(512 * 1024);
  const [kept] = (await readReports(store.documents, 1)).reports;
  expect((kept?.failed.length ?? 0) + (kept?.omitted?.failed ?? 0)).toBe(1007);
});
