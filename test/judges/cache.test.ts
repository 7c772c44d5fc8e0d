/** Juju's own code in front of a cache: a right tarball or a clean failure, and nothing listed that cannot be had. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serveCached } from "../helpers/cached-mirror.ts";
import { flipByteQuietly, makeWritable } from "../helpers/damage-file.ts";
import { startCacheSite, type CacheSite } from "../helpers/cache-server.ts";
import {
  buildInterop,
  type InteropAnswer,
  type InteropQuestion,
  type JujuGeneration,
} from "../helpers/interop.ts";
import { complaintsOf, foundBy, listedFor } from "../helpers/judged-mirror.ts";
import { until } from "../helpers/until.ts";
import {
  buildSampleTree,
  itemPath,
  startUpstream,
  type Fault,
  type SampleTree,
} from "../helpers/upstream.ts";
import { upstreamRows } from "../helpers/upstream-rows.ts";

const interop = await buildInterop();

const GENERATIONS = [
  { generation: "3.6", release: "ubuntu", major: 3, held: "3.6.26", away: "3.6.27" },
  { generation: "2.9", release: "ubuntu", major: 2, held: "2.9.49", away: "2.9.60" },
  { generation: "2.8", release: "bionic", major: 2, held: "2.8.8", away: "2.8.13" },
] as const;
type Generation = (typeof GENERATIONS)[number];

const HELD: readonly string[] = GENERATIONS.map(({ held }) => held);
const SIZE = 400_000;
const TREE = {
  releases: GENERATIONS.flatMap(({ held, away }) => [held, away]),
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: SIZE,
} as const;

async function ask(generation: JujuGeneration, question: InteropQuestion): Promise<InteropAnswer> {
  const [answer] = await interop.juju(generation).ask([question]);
  if (answer === undefined) throw new Error("The program gave no answer.");
  return answer;
}

/** What the controller makes of one tarball: undefined where it keeps it. A part is named; whole and wrong bytes are not accepted. */
function failureOf({ found, downloads = [] }: InteropAnswer): string | undefined {
  const [agent] = found;
  const [download] = downloads;
  if (agent === undefined || download === undefined) throw new Error("Nothing was found.");
  if (download.error !== undefined) expect(download.error).not.toMatch(/mismatch/);
  else expect(download).toMatchObject({ size: agent.size, sha256: agent.sha256 });
  return download.error;
}

/** What was fetched before the turn of this generation. */
function fetchedBefore({ generation }: Generation): string[] {
  return GENERATIONS.filter((one) => one.generation > generation).map(({ away }) => away);
}

/** What the index lists, and what Juju would take of it by itself. Nothing is fetched. */
async function expectSeen(
  { generation, release, major, held }: Generation,
  site: CacheSite,
  {
    tree,
    listed,
    newest,
  }: { readonly tree: SampleTree; readonly listed: readonly string[]; readonly newest: string },
): Promise<void> {
  const url = `${site.server().url}/tools`;
  const program = interop.juju(generation);
  const answer = await ask(generation, { url, release, major });
  expect(foundBy(answer)).toEqual(listedFor(upstreamRows(tree, listed), { release, major }));
  const bootstrap = { ask: "bootstrap", url, client: held, autoUpgrade: true } as const;
  const upgrade = { ask: "upgrade", url, current: held, controller: held, isController: true } as const;
  const [first, second] = await program.decide(generation === "2.8" ? [bootstrap] : [bootstrap, upgrade]);
  expect(first).toMatchObject({ outcome: "bootstrap", agentVersion: newest });
  if (generation !== "2.8") expect(second?.chosen).toBe(newest === held ? undefined : newest);
}

async function expectAllObtained({ generation, release, major }: Generation, site: CacheSite): Promise<void> {
  const url = `${site.server().url}/tools`;
  const answer = await ask(generation, { url, release, major, download: true });
  expect(answer.found.length).toBeGreaterThan(0);
  expect(complaintsOf(answer)).toEqual([]);
}

const TARBALL = /\.tgz$/;
const FAULTS: readonly (readonly [string, Fault])[] = [
  ["sends another byte at the start", { kind: "alter", at: 0 }],
  ["sends another byte at the end", { kind: "alter", at: SIZE - 1 }],
  ["has a longer file", { kind: "resize", by: 100 }],
  ["has a shorter file", { kind: "resize", by: -100 }],
  ["never answers", { kind: "silence" }],
  ["stalls in the middle", { kind: "stall", at: SIZE / 2 }],
  ["breaks off in the middle", { kind: "cut", at: SIZE / 2, how: "rst" }],
  ["ends early without a length", { kind: "cut", at: SIZE / 2, framing: "close" }],
  ["answers with a page", { kind: "html" }],
  ["has no such file", { kind: "status", status: 404 }],
  ["is overloaded", { kind: "status", status: 503 }],
];

/** Broken off, or refused with a status. */
const CLEAN = /unexpected EOF|connection reset|bad HTTP response: 50[34]/;

describe.skipIf(interop.isMissing)(`Juju's own code in front of a cache${interop.note}`, () => {
  test("upgrades with the line up, going down in the middle, down, and up again", async () => {
    const tree = await buildSampleTree(TREE);
    await using site = await startCacheSite({
      upstream: await startUpstream({ tree }),
      settings: {
        select: [
          ...HELD.map((versions) => ({ stream: "released", versions, fetch: "onSync" }) as const),
          { stream: "*", prereleases: true },
        ],
        fetch: { retries: 0, idleTimeout: "PT1S" },
      },
      before: async (mirror) => expect((await mirror.jam("sync", "--quiet")).status).toBe(0),
    });
    const keyring = join(site.mirror.folder, "key.asc");
    for (const one of GENERATIONS) {
      const { generation, release, held, away } = one;
      const exact = {
        url: `${site.server().url}/tools`,
        release,
        version: away,
        arch: "amd64",
        download: true,
      };
      await expectSeen(one, site, { tree, listed: TREE.releases, newest: away });

      // The line goes down in the middle of the fetch.
      const path = itemPath(site.upstream, away);
      site.upstream.fault(path, { kind: "stall", at: SIZE / 2, times: 1 });
      const before = site.upstream.requests.length;
      const asked = ask(generation, exact);
      await until(() => site.upstream.requests.slice(before).includes(`GET ${path}`));
      await site.lineDown();
      expect(failureOf(await asked)).toMatch(CLEAN);

      // What is listed now can be had, and by its number the version is not found, signed or not.
      const others = HELD.concat(fetchedBefore(one));
      await expectSeen(one, site, { tree, listed: others, newest: held });
      await expectAllObtained(one, site);
      expect(await ask(generation, exact)).toMatchObject({ found: [], errorKind: "not-found" });
      const signed = { ...exact, url: `${site.server().url}/upstream/tools`, keyring, requireSigned: true };
      expect(await ask(generation, signed)).toMatchObject({ found: [], errorKind: "not-found" });

      await site.lineUp();
      await expectSeen(one, site, { tree, listed: TREE.releases, newest: away });
      const again = await ask(generation, { ...signed, version: away });
      expect([foundBy(again), complaintsOf(again)]).toEqual([
        listedFor(upstreamRows(tree, [away]), { release, arch: "amd64" }),
        [],
      ]);

      // It is held from now on, whatever the line does.
      await site.lineDown();
      await expectSeen(one, site, { tree, listed: [...others, away], newest: away });
      await expectAllObtained(one, site);
      await site.lineUp();
    }
  });

  test("finds no damaged tarball while the line is down, and gets the right one when it is up", async () => {
    const tree = await buildSampleTree(TREE);
    await using site = await startCacheSite({
      upstream: await startUpstream({ tree }),
      settings: {
        select: [{ stream: "released", versions: "3.6.x", fetch: "onSync" }, { stream: "released" }],
      },
      before: async (mirror) => expect((await mirror.jam("sync", "--quiet")).status).toBe(0),
    });
    const { url } = site.server();
    const question = { url: `${url}/tools`, release: "ubuntu", arch: "amd64" };
    const { data } = site.mirror;
    for (const [version, isUp] of [
      ["3.6.26", false],
      ["3.6.27", true],
    ] as const) {
      if (!isUp) await site.lineDown();
      const [row] = upstreamRows(tree, [version]);
      const file = join(data, "blobs/sha256", row?.sha256.slice(0, 2) ?? "", row?.sha256 ?? "");
      await makeWritable(file);
      await flipByteQuietly(file, -1);
      const exact = { ...question, version, download: true };
      const failure = failureOf(await ask("3.6", exact));
      if (!isUp) {
        expect(failure).toMatch(CLEAN);
        const listed = await ask("3.6", { ...question, major: 3, download: true });
        expect(foundBy(listed)).toEqual(listedFor(upstreamRows(tree, ["3.6.27"]), question));
        expect(complaintsOf(listed)).toEqual([]);
        await site.lineUp();
      } else if (failure !== undefined) expect(failure).toMatch(CLEAN);
      await until(async () => complaintsOf(await ask("3.6", exact)).length === 0);
    }
  });

  test.for(FAULTS)(
    "gets no wrong tarball when upstream %s, and the right one afterwards",
    async ([, fault]) => {
      await using upstream = await startUpstream(TREE);
      await using mirror = await serveCached(upstream, {
        waits: { refusalMs: 50, wrongMs: 50, patienceMs: 300 },
        http: { retries: 0, idleTimeoutMs: 200 },
      });
      upstream.fault(TARBALL, fault);
      const asked = GENERATIONS.filter(({ generation }) => generation !== "2.8").map((one) => ({
        generation: one.generation,
        question: { url: `${mirror.url}/tools`, release: one.release, version: one.away, download: true },
      }));
      for (const { generation, question } of asked)
        expect(failureOf(await ask(generation, question))).toMatch(CLEAN);
      upstream.clearFaults();
      for (const { generation, question } of asked) {
        await until(async () => failureOf(await ask(generation, question)) === undefined);
        expect(complaintsOf(await ask(generation, question))).toEqual([]);
      }
    },
  );
});
