import { Counter, Gauge, Registry } from "prom-client";
import { isGood, readClosedRuns } from "../mirror/last-runs.ts";
import { readAlarms } from "../mirror/path-alarms.ts";
import type { OfferSource, PullSource, ServedStore } from "./ports.ts";
import type { RefReader } from "./ref-reader.ts";
import type { ConnectionCounts, ServerCounts } from "./server-counts.ts";

/** What is measured. */
export interface MetricSources {
  readonly counts: ServerCounts;
  readonly reader: RefReader;
  readonly documents: ServedStore["documents"];
  /** Present in cache mode. */
  readonly offer: OfferSource | undefined;
  /** Present in cache mode. */
  readonly pullThrough?: PullSource | undefined;
}

/** The text that Prometheus reads, and its content type. Nothing is measured between two of these calls. */
export async function renderMetrics(
  sources: MetricSources,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = new Registry();
  addTraffic(registry, sources.counts);
  addConnections(registry, sources.counts.connections);
  await addMirror(registry, sources.reader);
  addOffer(registry, sources.offer);
  if (sources.pullThrough !== undefined) addCache(registry, sources.pullThrough);
  await addRuns(registry, sources.documents);
  await addAlarms(registry, sources.documents);
  addProcess(registry);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function addTraffic(registry: Registry, counts: ServerCounts): void {
  const registers = [registry];
  const requests = new Counter({
    name: "jam_http_requests_total",
    help: "Answered requests by what they were for and by status.",
    labelNames: ["kind", "status"],
    registers,
  });
  const bytes = new Counter({
    name: "jam_http_response_bytes_total",
    help: "Bytes of answers, headers included.",
    labelNames: ["kind"],
    registers,
  });
  const aborted = new Counter({
    name: "jam_http_aborted_total",
    help: "Answers that the client aborted.",
    labelNames: ["kind"],
    registers,
  });
  for (const row of counts.rows()) {
    requests.inc({ kind: row.kind, status: String(row.status) }, row.requests);
    bytes.inc({ kind: row.kind }, row.bytes);
    aborted.inc({ kind: row.kind }, row.aborted);
  }
  new Counter({
    name: "jam_damaged_tarballs_total",
    help: "Findings of a tarball that was missing, damaged or unreadable when it was to be served.",
    registers,
  }).inc(counts.damaged);
}

function addConnections(registry: Registry, { open, refused, dropped }: ConnectionCounts): void {
  const registers = [registry];
  new Gauge({ name: "jam_http_connections", help: "Open connections.", registers }).set(open);
  new Counter({
    name: "jam_http_connections_refused_total",
    help: "Connections above the limit that were answered with 503.",
    registers,
  }).inc(refused);
  new Counter({
    name: "jam_http_connections_dropped_total",
    help: "Connections above the limit that were closed without an answer.",
    registers,
  }).inc(dropped);
}

/** A mirror that cannot be read has no counts, which is not the same as none. */
async function addMirror(registry: Registry, reader: RefReader): Promise<void> {
  const registers = [registry];
  const view = await reader.current().catch(() => undefined);
  const isReady = view !== undefined && reader.fault() === undefined;
  new Gauge({ name: "jam_ready", help: "1 where /readyz answers 200, else 0.", registers }).set(
    isReady ? 1 : 0,
  );
  if (view === undefined) return;
  const { agents, tarballs, bytes } = view.counts;
  new Gauge({ name: "jam_mirror_agents", help: "Agents that the mirror lists.", registers }).set(agents);
  new Gauge({ name: "jam_mirror_tarballs", help: "Distinct tarballs of these agents.", registers }).set(
    tarballs,
  );
  new Gauge({ name: "jam_mirror_bytes", help: "Bytes of these tarballs.", registers }).set(bytes);
  new Gauge({
    name: "jam_snapshot_created_timestamp_seconds",
    help: "When the snapshot that is served was made.",
    registers,
  }).set(secondsOf(view.snapshot.createdAt));
}

/** Absent in other modes than cache mode. */
function addOffer(registry: Registry, source: OfferSource | undefined): void {
  if (source === undefined) return;
  const registers = [registry];
  const { reach, offer, isObtainable } = source.state();
  new Gauge({
    name: "jam_cache_offered_agents",
    help: "Agents that upstream lists and the rules take.",
    registers,
  }).set(offer?.agents.length ?? 0);
  new Gauge({
    name: "jam_cache_lists_all",
    help: "1 where the index lists all that is offered, 0 where it lists only what is held.",
    registers,
  }).set(isObtainable ? 1 : 0);
  // Before upstream was asked once, neither is known.
  if (reach === undefined) return;
  new Gauge({
    name: "jam_cache_upstream_reachable",
    help: "1 where upstream answered when its metadata was last read, else 0.",
    registers,
  }).set(reach.away === undefined ? 1 : 0);
  new Gauge({
    name: "jam_cache_upstream_refused",
    help: "1 where what upstream publishes is refused, else 0.",
    registers,
  }).set(reach.fault === undefined ? 0 : 1);
  new Gauge({
    name: "jam_cache_refreshed_timestamp_seconds",
    help: "When upstream was last asked for its metadata.",
    registers,
  }).set(secondsOf(reach.refreshedAt));
}

function addCache(registry: Registry, { counts, bytes }: PullSource): void {
  const registers = [registry];
  const requests = new Counter({
    name: "jam_cache_requests_total",
    help: "Requests for tarballs by how they were met.",
    labelNames: ["result"],
    registers,
  });
  const { hits, misses, joined, passed, refused } = counts;
  for (const [result, count] of Object.entries({ hit: hits, miss: misses, joined, passed, refused }))
    requests.inc({ result }, count);
  const totals = [
    ["jam_cache_failed_fetches_total", "Fetches for clients that failed.", counts.failed],
    ["jam_cache_evicted_tarballs_total", "Tarballs that were deleted to make room.", counts.evicted],
    ["jam_cache_evicted_bytes_total", "Bytes of these tarballs.", counts.evictedBytes],
  ] as const;
  for (const [name, help, count] of totals) new Counter({ name, help, registers }).inc(count);
  new Gauge({
    name: "jam_cache_bytes",
    help: "Bytes of the tarballs that were fetched for clients.",
    registers,
  }).set(bytes);
}

/** Absent where no report says it. */
async function addRuns(registry: Registry, documents: ServedStore["documents"]): Promise<void> {
  const runs = await readClosedRuns(documents).catch(() => undefined);
  if (runs === undefined) return;
  const registers = [registry];
  if (runs.lastGood !== null) {
    new Gauge({
      name: "jam_last_good_run_timestamp_seconds",
      help: "Start of the last run that left nothing missing.",
      registers,
    }).set(secondsOf(runs.lastGood));
  }
  if (runs.last === null) return;
  const isLastGood = runs.last !== "unreadable" && isGood(runs.last);
  new Gauge({
    name: "jam_last_run_good",
    help: "1 where nothing was missing after the last run that left a report, else 0.",
    registers,
  }).set(isLastGood ? 1 : 0);
}

/** Absent where it cannot be read. */
async function addAlarms(registry: Registry, documents: ServedStore["documents"]): Promise<void> {
  const alarms = await readAlarms(documents).catch(() => undefined);
  if (alarms === undefined) return;
  new Gauge({
    name: "jam_path_alarms",
    help: "Agents of which upstream lists other bytes than the mirror has.",
    registers: [registry],
  }).set(alarms.length);
}

/** Under the names that every client library of Prometheus uses. */
function addProcess(registry: Registry): void {
  const registers = [registry];
  const { rss, heapUsed, external } = process.memoryUsage();
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started.",
    registers,
  }).set(Math.round(performance.timeOrigin / 1000));
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory that the process uses.",
    registers,
  }).set(rss);
  new Gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "What JavaScript objects of the main thread use.",
    registers,
  }).set(heapUsed);
  new Gauge({
    name: "nodejs_external_memory_bytes",
    help: "Buffers and other memory outside of the heap that belongs to these objects.",
    registers,
  }).set(external);
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}
