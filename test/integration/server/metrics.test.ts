/** `/metrics` for Prometheus and `/agents` for people. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { SyncReport } from "../../../src/mirror/run-report.ts";
import type { ServerPorts } from "../../../src/server/ports.ts";
import { type ServedMirror, serveMirror } from "../../helpers/served-mirror.ts";

/** The values by name and labels. */
async function scrape(url: string): Promise<Map<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
  ]);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

/** Leaves the report of a run, as a run does. */
async function leaveRun(
  { store }: ServedMirror,
  startedAt: string,
  outcome: SyncReport["outcome"],
): Promise<void> {
  const none = { agents: 0, bytes: 0 };
  const report: SyncReport = {
    outcome,
    snapshot: null,
    upstream: null,
    verified: true,
    fetched: none,
    held: none,
    added: [],
    removed: [],
    failed: [],
    warnings: [],
    startedAt,
    durationMs: 1,
  };
  const name = `${startedAt.replaceAll(/[-:]/g, "")}.json`;
  await store.documents.put("history", name, Buffer.from(JSON.stringify(report)));
}

test("counts requests by kind and status, and what the mirror holds", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5", size: 2048 }, { version: "3.6.6" }],
  });
  for (const path of [
    "tools/streams/v1/index2.json",
    "tools/streams/v1/index2.sjson",
    "tools/agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
    "tools/agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
    "readyz",
    "nothing",
  ]) {
    await (await fetch(`${mirror.url}/${path}`)).arrayBuffer();
  }
  const values = await scrape(mirror.url);
  expect(Object.fromEntries(values)).toMatchObject({
    'jam_http_requests_total{kind="metadata",status="200"}': 1,
    'jam_http_requests_total{kind="metadata",status="404"}': 1,
    'jam_http_requests_total{kind="tarball",status="200"}': 2,
    'jam_http_requests_total{kind="monitor",status="200"}': 1,
    'jam_http_requests_total{kind="other",status="404"}': 1,
    'jam_http_aborted_total{kind="tarball"}': 0,
    jam_damaged_tarballs_total: 0,
    jam_ready: 1,
    jam_mirror_agents: 2,
    jam_mirror_tarballs: 2,
    jam_mirror_bytes: 3048,
  });
  expect(values.get('jam_http_response_bytes_total{kind="tarball"}')).toBeGreaterThan(2 * 2048);
  expect(values.get("jam_http_connections")).toBeGreaterThanOrEqual(1);
  expect(values.get("jam_snapshot_created_timestamp_seconds")).toBeGreaterThan(1e9);
});

test("what is not known is absent, and an empty mirror is not ready", async () => {
  await using mirror = await serveMirror();
  const values = await scrape(mirror.url);
  expect(values.get("jam_ready")).toBe(0);
  for (const name of ["jam_mirror_agents", "jam_last_good_run_timestamp_seconds", "jam_last_run_good"])
    expect([name, values.has(name)]).toEqual([name, false]);
});

test("the last good run and the outcome of the last run come from the history", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  await leaveRun(mirror, "2026-11-28T03:00:00.000Z", "updated");
  await leaveRun(mirror, "2026-11-29T03:00:00.000Z", "failed");
  const values = await scrape(mirror.url);
  expect(values.get("jam_last_good_run_timestamp_seconds")).toBe(Date.parse("2026-11-28T03:00:00Z") / 1000);
  expect(values.get("jam_last_run_good")).toBe(0);
});

/** A mirror in cache mode that lists what it holds, because upstream does not answer. */
const AWAY: ServerPorts["offer"] = {
  shown: () => Promise.resolve(undefined),
  state: () => ({
    reach: {
      refreshedAt: "2026-11-29T03:00:00.000Z",
      away: { since: "2026-11-29T02:00:00.000Z", code: "JAM_UPSTREAM_TIMEOUT", message: "no answer" },
    },
    isObtainable: false,
    offer: { agents: [1, 2, 3] },
  }),
};

test("a mirror in cache mode says whether upstream answers and how much it offers", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }], offer: AWAY });
  const values = await scrape(mirror.url);
  expect(values.get("jam_cache_upstream_reachable")).toBe(0);
  expect(values.get("jam_cache_upstream_refused")).toBe(0);
  expect(values.get("jam_cache_lists_all")).toBe(0);
  expect(values.get("jam_cache_offered_agents")).toBe(3);
});

test("every name is documented, and every documented name is there", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }], offer: AWAY });
  await leaveRun(mirror, new Date().toISOString(), "updated");
  await (await fetch(`${mirror.url}/tools/streams/v1/index2.json`)).arrayBuffer();
  const served = new Set([...(await scrape(mirror.url)).keys()].map((name) => name.replace(/\{.*/, "")));
  const page = await readFile(resolve(import.meta.dirname, "../../../docs/reference/metrics.md"), "utf8");
  const documented = new Set([...page.matchAll(/^\| `(\w+)`/gm)].map(([, name = ""]) => name));
  expect([...documented].sort()).toEqual([...served].sort());
});

test("people see the agents in a browser, folded, with a link to each tarball", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5", size: 2048 }, { version: "3.6.6" }],
  });
  const start = await (await fetch(mirror.url)).text();
  expect(start).toContain('<a href="/agents">');
  const answer = await fetch(`${mirror.url}/agents`);
  const page = await answer.text();
  expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page).toContain("2 agents, 2 tarballs, 3.0 KiB.");
  expect(page.indexOf("3.6.6")).toBeLessThan(page.indexOf("3.6.5"));
  const link = /href="(\/tools\/agent\/3\.6\.5\/[^"]+)"/.exec(page)?.[1] ?? "";
  expect((await (await fetch(`${mirror.url}${link}`)).arrayBuffer()).byteLength).toBe(2048);
  await mirror.publish({ agents: [{ version: "3.6.7" }] });
  expect(await (await fetch(`${mirror.url}/agents`)).text()).toContain("3.6.7");
});
