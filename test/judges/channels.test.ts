/** The life of a fleet: at each step Juju's own code sees exactly what each channel was given, by URL and as a folder. */
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  buildInterop,
  type InteropDecision,
  type InteropQuestion,
  type JujuGeneration,
} from "../helpers/interop.ts";
import {
  complaintsOf,
  foundBy,
  listedFor,
  type JudgedAgent,
  type ListedAgent,
} from "../helpers/judged-mirror.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { buildSampleTree, startUpstream, type SampleTree } from "../helpers/upstream.ts";
import { upstreamRows } from "../helpers/upstream-rows.ts";

const interop = await buildInterop();

const DAY_MS = 86_400_000;
const START = Date.now() - 9 * DAY_MS;

/** In Juju's own order. */
const ALL = "2.8.8 2.8.13 2.9.49 2.9.60 3.6.25 3.6.26 3.6.27 4.0.14 4.0.15 4.1-beta1".split(" ");
const OLD = ALL.filter((version) => ["2.8.8", "2.9.49", "3.6.25", "4.0.14"].includes(version));
const OLD_AND_NEW = ALL.filter((version) => !["3.6.27", "4.1-beta1"].includes(version));

const GENERATIONS = [
  { generation: "3.6", own: "3.6.20", majors: [3, 4], releases: ["ubuntu"] },
  { generation: "2.9", own: "2.9.42", majors: [2, 3], releases: ["ubuntu", "windows"] },
  { generation: "2.8", own: "2.8.5", majors: [2], releases: ["bionic", "focal", "win2012"] },
] as const;

const REFS = ["mirror", "lab", "prod"] as const;
type Ref = (typeof REFS)[number];
type Contents = Readonly<Record<Ref, readonly string[]>>;

/** The server and the data directory that Juju is pointed at. */
interface Site {
  readonly url: string;
  readonly data: string;
}

type Way = Pick<InteropQuestion, "url" | "metadataSource">;

/** How Juju is pointed at a ref. */
function waysTo({ url, data }: Site, ref: Ref): Way[] {
  const isMirror = ref === "mirror";
  return [
    { url: isMirror ? `${url}/tools` : `${url}/channel/${ref}/tools` },
    { metadataSource: isMirror ? data : join(data, "channels", ref) },
  ];
}

interface Case {
  readonly question: InteropQuestion;
  readonly expected: readonly JudgedAgent[];
}

/** A function that compares what Juju sees with `contents`; it fetches the tarballs of a ref whose contents are others than before. */
function judgeOf(tree: SampleTree, site: Site): (contents: Contents) => Promise<void> {
  let before: Partial<Contents> = {};
  return async (contents) => {
    const changed = new Set(REFS.filter((ref) => String(before[ref]) !== String(contents[ref])));
    for (const one of GENERATIONS) {
      await expectListed(
        REFS.flatMap((ref) =>
          casesFor(one, waysTo(site, ref), upstreamRows(tree, contents[ref]), changed.has(ref)),
        ),
        one.generation,
      );
      await expectChosen(site, contents, one);
    }
    before = contents;
  };
}

/** All that is listed, and by its number each version that is not. */
function casesFor(
  { majors, releases }: (typeof GENERATIONS)[number],
  ways: readonly Way[],
  rows: readonly ListedAgent[],
  download: boolean,
): Case[] {
  if (rows.length === 0) return [];
  const missing = ALL.filter((version) => rows.every((row) => row.version !== version));
  const scopes = [
    ...releases.flatMap((release) => majors.map((major) => ({ release, major, download }))),
    ...missing.map((version) => ({ release: releases[0], version })),
  ];
  return ways.flatMap((way) =>
    scopes.map((scope) => ({
      question: { ...way, ...scope, stream: "devel" },
      expected: listedFor(rows, { ...scope, stream: "devel" }),
    })),
  );
}

async function expectListed(cases: readonly Case[], generation: JujuGeneration): Promise<void> {
  const answers = await interop.juju(generation).ask(cases.map(({ question }) => question));
  const seen = answers.map((answer, at) => ({ question: cases[at]?.question, found: foundBy(answer) }));
  expect(seen).toEqual(cases.map(({ question, expected }) => ({ question, found: expected })));
  const fetched = answers.filter((_, at) => cases[at]?.question.download);
  expect(fetched.flatMap(complaintsOf)).toEqual([]);
}

/** The version that Juju would take by itself. */
async function expectChosen(
  site: Site,
  contents: Contents,
  { generation, own }: (typeof GENERATIONS)[number],
): Promise<void> {
  const asked = REFS.flatMap((ref) => {
    const [{ url = "" } = {}] = waysTo(site, ref);
    const bootstrap: InteropDecision = { ask: "bootstrap", url, client: own, autoUpgrade: true };
    const upgrade: InteropDecision = {
      ask: "upgrade",
      url,
      current: own,
      controller: own,
      isController: true,
    };
    const expected = contents[ref].findLast((version) => version.startsWith(`${generation}.`));
    // The program for 2.8 answers `bootstrap` only.
    return (generation === "2.8" ? [bootstrap] : [bootstrap, upgrade]).map((question) => ({
      question,
      expected,
    }));
  });
  const verdicts = await interop.juju(generation).decide(asked.map(({ question }) => question));
  const chosen = verdicts.map((verdict, at) => ({
    question: asked[at]?.question,
    version: verdict.chosen ?? verdict.agentVersion,
  }));
  expect(chosen).toEqual(asked.map(({ question, expected }) => ({ question, version: expected })));
}

/** A channel that shows nothing has an address at which nothing is found, and no folder. */
async function expectNothing(site: Site, ...refs: readonly Ref[]): Promise<void> {
  for (const { generation, majors } of GENERATIONS) {
    const asked = refs.flatMap((ref) => waysTo(site, ref)).map((way) => ({ ...way, major: majors[0] }));
    const answers = await interop.juju(generation).ask(asked);
    expect(
      answers.map(({ found, requests }) => ({
        found,
        delivered: requests.filter(({ error }) => error === undefined),
      })),
    ).toEqual(asked.map(() => ({ found: [], delivered: [] })));
  }
}

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

describe.skipIf(interop.isMissing)(`Juju's own code in front of channels${interop.note}`, () => {
  test("sees exactly what each was given, through delay, promotion, hold, rollback and withdrawal", async () => {
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
    const site = { url: server.url, data: mirror.data };
    const see = judgeOf(whole, site);

    // The delay of lab is not over, and nobody promoted anything to prod.
    await see({ mirror: OLD, lab: [], prod: [] });
    await expectNothing(site, "lab", "prod");

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
    await expectNothing(site, "prod");
    await see({ mirror: offered, lab: rest, prod: [] });
  });
});
