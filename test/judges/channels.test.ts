/** The life of a fleet: at each step Juju's own code sees exactly what each channel was given, by URL, under nginx and as a folder. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { buildInterop } from "../helpers/interop.ts";
import { judgeRefs } from "../helpers/judged-refs.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { serveBehindNginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { startServe } from "../helpers/running-jam.ts";
import { buildSampleTree, startUpstream } from "../helpers/upstream.ts";
import { upstreamRows } from "../helpers/upstream-rows.ts";

const interop = await buildInterop();
const nginx = peer("nginx");

const DAY_MS = 86_400_000;
const START = Date.now() - 9 * DAY_MS;

/** In Juju's own order. */
const ALL = "2.8.8 2.8.13 2.9.49 2.9.60 3.6.25 3.6.26 3.6.27 4.0.14 4.0.15 4.1-beta1".split(" ");
const OLD = ALL.filter((version) => ["2.8.8", "2.9.49", "3.6.25", "4.0.14"].includes(version));
const OLD_AND_NEW = ALL.filter((version) => !["3.6.27", "4.1-beta1"].includes(version));

async function jam(mirror: TestMirror, ...args: string[]): Promise<void> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, `jam ${args.join(" ")}\n${stderr}${stdout}`).toBe(0);
}

function without(versions: readonly string[], ...gone: readonly string[]): string[] {
  return versions.filter((version) => !gone.includes(version));
}

/** The clock of the commands; the server has the machine's, which is never behind it. */
function setDay(day: number): void {
  vi.setSystemTime(START + day * DAY_MS);
}

afterEach(() => void vi.useRealTimers());

describe.skipIf(interop.isMissing)(`Juju's own code in front of channels${interop.note}${nginx.note}`, () => {
  test(
    "sees exactly what each was given, through delay, promotion, hold, rollback and withdrawal",
    { timeout: 600_000 },
    async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: START });
      const build = (releases: readonly string[], day: number) =>
        buildSampleTree({
          releases,
          arches: ["amd64", "arm64", "s390x"],
          oses: ["ubuntu", "windows"],
          now: new Date(START + day * DAY_MS),
        });
      // Upstream's own words on everything that it ever lists; at the end it has removed one version.
      const whole = await build(ALL, -1);
      await using upstream = await startUpstream({ tree: await build(OLD, -1) });
      await using mirror = await temporaryMirror(upstream, {
        select: [{ stream: "*", prereleases: true }],
        channels: { lab: { from: "mirror", delay: "P2D", promote: "auto" } },
      });
      await jam(mirror, "sync", "--quiet");
      await jam(mirror, "channel", "create", "prod", "--from", "lab");
      await using server = await startServe(mirror.folder);
      await using behind = nginx.isMissing ? undefined : await serveBehindNginx(mirror.folder);
      const site = { urls: [server.url, ...(behind === undefined ? [] : [behind.url])], data: mirror.data };
      const rows = (versions: readonly string[]) => upstreamRows(whole, versions);
      const judge = judgeRefs(interop, { site, versions: ALL });
      const see = (contents: Readonly<Record<"mirror" | "lab" | "prod", readonly string[]>>) =>
        judge({ mirror: rows(contents.mirror), lab: rows(contents.lab), prod: rows(contents.prod) });

      // The delay of lab is not over, and nobody promoted anything to prod.
      await see({ mirror: OLD, lab: [], prod: [] });

      setDay(2.1);
      await jam(mirror, "sync", "--quiet");
      await jam(mirror, "channel", "promote", "prod", "--reason", "the first agents");
      await see({ mirror: OLD, lab: OLD, prod: OLD });

      setDay(3);
      upstream.publish(await build(OLD_AND_NEW, 2.5));
      await jam(mirror, "sync", "--quiet");
      await see({ mirror: OLD_AND_NEW, lab: OLD, prod: OLD });

      setDay(4);
      await jam(mirror, "channel", "promote", "--all", "--reason", "too early");
      await see({ mirror: OLD_AND_NEW, lab: OLD, prod: OLD });

      setDay(5);
      upstream.publish(await build(without(ALL, "3.6.25"), 4.5));
      await jam(mirror, "sync", "--quiet");
      // What upstream removed leaves lab with it; what is new there waits.
      const offered = without(ALL, "3.6.25");
      const tested = without(OLD_AND_NEW, "3.6.25");
      await see({ mirror: offered, lab: tested, prod: OLD });

      setDay(6);
      await jam(mirror, "channel", "hold", "lab", "3.6.26", "--reason", "LP#1");
      await jam(mirror, "channel", "promote", "prod", "--reason", "all but one");
      const approved = without(tested, "3.6.26");
      await see({ mirror: offered, lab: tested, prod: approved });

      await jam(mirror, "channel", "release", "lab", "3.6.26", "--reason", "LP#1 is fixed");
      await see({ mirror: offered, lab: tested, prod: approved });
      setDay(7.5);
      await jam(mirror, "channel", "promote", "--all", "--reason", "what is due");
      await see({ mirror: offered, lab: offered, prod: approved });

      await jam(mirror, "channel", "promote", "prod", "--reason", "everything");
      await see({ mirror: offered, lab: offered, prod: offered });
      await jam(mirror, "channel", "rollback", "prod", "--reason", "not yet");
      await see({ mirror: offered, lab: offered, prod: approved });

      await jam(mirror, "channel", "withdraw", "lab", "2.9.60", "--reason", "breaks charms here");
      await jam(mirror, "channel", "promote", "prod", "--reason", "without what lab withdrew");
      const rest = without(offered, "2.9.60");
      await see({ mirror: offered, lab: rest, prod: rest });

      await jam(mirror, "channel", "withdraw", "prod", "3.6.27", "--reason", "CVE");
      await jam(mirror, "channel", "withdraw", "prod", "2.8.13", "--reason", "CVE");
      const safe = without(rest, "3.6.27", "2.8.13");
      await see({ mirror: offered, lab: rest, prod: safe });
      // Neither a rollback nor a promotion nor a sync brings it back.
      await jam(mirror, "channel", "rollback", "prod", "--reason", "further back");
      await see({ mirror: offered, lab: rest, prod: without(approved, "2.8.13") });
      await jam(mirror, "channel", "promote", "prod", "--reason", "forward again");
      await jam(mirror, "sync", "--quiet");
      await see({ mirror: offered, lab: rest, prod: safe });

      await jam(mirror, "channel", "delete", "prod", "--allow", "served", "--reason", "closed");
      await see({ mirror: offered, lab: rest, prod: [] });
    },
  );

  test("sees what a rule selects, what an earlier snapshot had, and what a chain of channels lets through", async () => {
    const arches = ["amd64", "arm64"];
    const [old, now] = await Promise.all([
      buildSampleTree({ releases: OLD, arches, oses: ["ubuntu"], now: new Date(Date.now() - DAY_MS) }),
      buildSampleTree({ releases: OLD_AND_NEW, arches, oses: ["ubuntu"] }),
    ]);
    await using upstream = await startUpstream({ tree: old });
    await using mirror = await temporaryMirror(upstream, {
      select: [{ stream: "*", prereleases: true }],
      channels: {
        "arm.newest": {
          from: "mirror",
          select: [{ stream: "released", arch: ["arm64"], keep: 1 }],
          promote: "auto",
        },
        edge: { from: "mirror", promote: "auto" },
        pinned: { from: "edge" },
        last: { from: "pinned", promote: "auto" },
      },
    });
    await jam(mirror, "sync", "--quiet");
    const { stdout } = await mirror.here("channel", "history", "edge", "-o", "json");
    const [first] = (JSON.parse(stdout) as { history: { to: string }[] }).history;
    upstream.publish(now);
    await jam(mirror, "sync", "--quiet");
    await using server = await startServe(mirror.folder);
    const see = judgeRefs(interop, { site: { urls: [server.url], data: mirror.data }, versions: ALL });
    const all = upstreamRows(now, OLD_AND_NEW);
    const newest = ["2.8.13", "2.9.60", "3.6.26", "4.0.15"];
    const arm = upstreamRows(now, newest).filter(({ arch }) => arch === "arm64");
    await see({ mirror: all, "arm.newest": arm, edge: all, pinned: [], last: [] });

    await jam(mirror, "channel", "promote", "pinned", "--snapshot", first?.to ?? "", "--reason", "as it was");
    await jam(mirror, "channel", "withdraw", "pinned", "2.9.49", "--reason", "not here");
    await jam(mirror, "channel", "promote", "--all", "--reason", "what follows");
    const rest = upstreamRows(now, without(OLD, "2.9.49"));
    await see({ mirror: all, "arm.newest": arm, edge: all, pinned: rest, last: rest });
  });
});
