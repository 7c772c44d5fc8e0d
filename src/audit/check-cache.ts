import { formatByteSize } from "../shared/byte-size.ts";
import { formatDuration } from "../shared/duration.ts";
import { formatLocalTime } from "../shared/local-time.ts";
import { quotaUses } from "../mirror/quota-use.ts";
import { FREE_RESERVE_BYTES } from "../mirror/space.ts";
import type { CacheRules } from "../mirror/read-shown.ts";
import type { StatusDocument } from "../mirror/status-document.ts";
import type { CheckResult } from "./check-data.ts";
import { checkServer, type ServerUnderTest } from "./check-cache-server.ts";

/** The settings of a mirror as far as cache mode is concerned. */
export interface CacheSettings {
  readonly mode: StatusDocument["mode"];
  readonly rules: CacheRules;
  readonly workers: number | "auto";
  /** Numbers of the rules of `select` with `fetch: onRequest`, from 1. */
  readonly onRequest: readonly number[];
}

/** What is in the data directory of a cache. */
export interface CacheContents {
  readonly status: NonNullable<StatusDocument["cache"]>;
  /** Bytes of the largest tarball that is offered; undefined where nothing is. */
  readonly largest: number | undefined;
  /** What the disk has left; undefined without a limit, or where it cannot be read. */
  readonly freeBytes: number | undefined;
}

/** A mirror in cache mode, and what is around it. */
export interface CacheUnderTest extends CacheSettings {
  /** Undefined in other modes. */
  readonly contents: CacheContents | undefined;
  /** The cache server that runs on the data directory, whatever the mode says. */
  readonly server: ServerUnderTest | undefined;
  readonly now: Date;
}

/** How far in the future a noted time may be: another machine that writes here may have another clock. */
const AHEAD_MS = 60_000;

/**
 * What only cache mode needs: settings that fit together, room for the quota, a clock that has not been put back, and a
 * server that sees what this check sees. `answering` are the upstreams that answered this check.
 */
export function checkCache(cache: CacheUnderTest, answering: ReadonlySet<string>): CheckResult[] {
  const { mode, contents, server } = cache;
  if (mode !== "cache" || contents === undefined) return checkOtherMode(cache);
  return [
    ...checkPatience(cache),
    ...checkWorkers(cache),
    ...checkQuotas(contents),
    ...checkTimes(contents, cache.now),
    ...checkServer({ server, status: contents.status, answering, now: cache.now }),
  ];
}

/** Settings of a cache, or a server of one, where the mode is another one. */
function checkOtherMode({ mode, onRequest, server }: CacheUnderTest): CheckResult[] {
  const results: CheckResult[] = [];
  if (onRequest.length > 0 && mode === "offline")
    results.push({
      check: "cache",
      state: "warn",
      detail: `mode is offline, and rule ${onRequest.join(", ")} of select says \`fetch: onRequest\`: nothing is fetched when it is requested`,
      hint: "Set `mode: cache` if this machine may reach its upstream; else delete `fetch` from these rules.",
    });
  if (server !== undefined)
    results.push({
      check: "server",
      state: "fail",
      detail: `mode is ${mode}, but a server in cache mode has been running since ${formatLocalTime(server.since)} (process ${server.pid} on ${server.host}): it keeps asking upstream and fetching`,
      hint: "Restart it, so that it reads the settings: systemctl restart jam-serve. Or set `mode: cache` again.",
    });
  return results;
}

function checkPatience({ rules }: CacheUnderTest): CheckResult[] {
  const { upstreams = [] } = rules;
  const short = upstreams.filter(({ staleMs, refreshMs }) => staleMs > 0 && staleMs < refreshMs);
  if (short.length > 0)
    return short.map(({ name, staleMs, refreshMs }) => ({
      check: "cache",
      state: "warn",
      detail: `${name}: stale (${formatDuration(staleMs)}) is shorter than refresh (${formatDuration(refreshMs)}): when one refresh fails, everything that is not held is hidden before upstream is asked again`,
      hint: `Set stale to more than refresh, such as two refreshes, or to PT0S to hide it at once. For one upstream: upstreams[].cache in jam.yaml; what applies: jam config show.`,
    }));
  const [first] = upstreams;
  if (first === undefined) return [];
  const isSame = upstreams.every((one) => one.refreshMs === first.refreshMs && one.staleMs === first.staleMs);
  const named = isSame ? [first] : upstreams;
  const detail = named
    .map(
      ({ name, refreshMs, staleMs }) =>
        `${isSame ? "" : `${name}: `}upstream is asked every ${formatDuration(refreshMs)}, and ${staleMs === 0 ? "what is not held is hidden as soon as it is away" : `what is not held stays listed for ${formatDuration(staleMs)} while it is away`}`,
    )
    .join("; ");
  return [{ check: "cache", state: "ok", detail }];
}

function checkWorkers({ workers }: CacheUnderTest): CheckResult[] {
  if (workers === 1 || workers === "auto") return [];
  return [
    {
      check: "cache",
      state: "warn",
      detail: `server.workers is ${workers}, and in cache mode one worker serves: the others are not started`,
      hint: "Delete server.workers and JAM_SERVER_WORKERS. Where one processor is not enough, `mode: online` serves with several.",
    },
  ];
}

function checkQuotas({ status, largest, freeBytes }: CacheContents): CheckResult[] {
  const quotas = quotaUses(status).map(({ upstream, ...use }) => ({
    ...use,
    setting: upstream === undefined ? "cache.quota" : `the quota of ${upstream}`,
  }));
  const results: CheckResult[] = quotas.flatMap(({ setting, quota }): CheckResult[] =>
    quota === null || largest === undefined || quota >= largest
      ? []
      : [
          {
            check: "cache",
            state: "warn",
            detail: `${setting} is ${formatByteSize(quota)}, less than the largest tarball that is offered (${formatByteSize(largest)}): that one is never stored, and comes from upstream for each machine`,
            hint: "Set it to several times the size of a tarball.",
          },
        ],
  );
  if (freeBytes === undefined) return results;
  const isLimited = quotas.every(({ quota }) => quota !== null);
  if (!isLimited) {
    const detail = `no quota for what clients request: tarballs are kept until only ${formatByteSize(FREE_RESERVE_BYTES)} of the disk is free (now ${formatByteSize(freeBytes)}), then the ones that were not used for the longest time are deleted`;
    return [...results, { check: "disk", state: "ok", detail }];
  }
  const quota = quotas.reduce((sum, one) => sum + (one.quota ?? 0), 0);
  const used = quotas.reduce((sum, one) => sum + one.used, 0);
  const needed = Math.max(0, quota - used) + FREE_RESERVE_BYTES;
  const detail = `what clients requested takes ${formatByteSize(used)} of its quota of ${formatByteSize(quota)}, and the disk has ${formatByteSize(freeBytes)} free`;
  if (freeBytes >= needed)
    return [...results, { check: "disk", state: "ok", detail: `${detail}: room for all of the quota` }];
  return [
    ...results,
    {
      check: "disk",
      state: "warn",
      detail: `${detail}: the disk is full before the quota is, and then tarballs are deleted earlier, or passed on without being stored`,
      hint: `Free ${formatByteSize(needed - freeBytes)}, or lower cache.quota and the quotas of upstreams.`,
    },
  ];
}

/** Times that the server noted: they are in the future where the clock was put back since. */
function checkTimes({ status }: CacheContents, now: Date): CheckResult[] {
  const times = [status, ...status.upstreams].flatMap(({ refreshedAt, away }) => [
    ...(refreshedAt === null ? [] : [refreshedAt]),
    ...(away === undefined ? [] : [away.since]),
  ]);
  const latest = Math.max(...times.map((time) => Date.parse(time)), 0);
  const aheadMs = latest - now.getTime();
  if (aheadMs <= AHEAD_MS) return [];
  return [
    {
      check: "clock",
      state: "fail",
      detail: `the last look at upstream is noted for ${formatLocalTime(new Date(latest))}, ${formatDuration(aheadMs)} from now: the clock was wrong then, or is wrong now`,
      hint: "Set the clock (timedatectl status), then restart jam serve: refresh and stale count by it, and metadata that is right looks too new or too old.",
    },
  ];
}
