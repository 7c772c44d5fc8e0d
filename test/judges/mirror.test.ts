/** Juju's own code against a real sync and a real server: what `jam list` says is what Juju finds, and keeps. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildInterop, type InteropQuestion } from "../helpers/interop.ts";
import {
  complaintsOf,
  foundBy,
  judgedMirror,
  listedFor,
  SEARCHED_STREAMS,
  UNREACHABLE,
  WAYS,
  type JudgedMirror,
  type ListedAgent,
} from "../helpers/judged-mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const interop = await buildInterop();

const ARCHES = ["amd64", "arm64", "ppc64el", "s390x"];
const STREAMS = ["released", "proposed", "devel"] as const;
/** Every generation, candidates (listed in proposed and devel) and betas (listed in devel). */
const RELEASES =
  "1.25.13 2.0.4 2.8.13 2.9-rc7 2.9.49 2.9.60 3.5.7 3.6-beta2 3.6-rc1 3.6.26 3.6.27 4.0.15 4.1-beta1";
/** Listed in no stream. */
const MISSING = { "3.6": "3.6.99", "2.9": "2.9.99", "2.8": "2.8.99" } as const;

/**
 * `releases`: OS types, or series up to 2.8. `offline`: what an unreachable default source ends as; from Oct 2023 on
 * it hides that there is no such agent.
 */
const GENERATIONS = [
  { generation: "3.6", version: "3.6.27", releases: ["ubuntu"], majors: [2, 3, 4], offline: "other" },
  {
    generation: "2.9",
    version: "2.9.60",
    releases: ["ubuntu", "centos"],
    majors: [2, 3],
    offline: "not-found",
  },
  {
    generation: "2.8",
    version: "2.8.13",
    releases: ["bionic", "xenial"],
    majors: [1, 2],
    offline: "not-found",
  },
] as const;

describe.skipIf(interop.isMissing).for(GENERATIONS)(
  `Juju $generation and a mirror of three streams${interop.note}`,
  ({ generation, version, releases, majors, offline }) => {
    const [release] = releases;
    let upstream: TestUpstream;
    let mirror: JudgedMirror;
    let rows: ListedAgent[];

    beforeAll(async () => {
      upstream = await startUpstream({
        releases: RELEASES.split(" "),
        arches: ARCHES,
        oses: ["ubuntu", "centos"],
      });
      mirror = await judgedMirror(upstream, { select: [{ stream: [...STREAMS] }] });
      rows = await mirror.list();
    });
    afterAll(async () => {
      await mirror[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    });

    const ask = (questions: readonly InteropQuestion[]) => interop.juju(generation).ask(questions);

    test.for(WAYS)(
      "by %s: each stream holds what `jam list` says, and every tarball is kept",
      async (way) => {
        const questions = STREAMS.flatMap((stream) =>
          releases.flatMap((one) =>
            majors.map((major) => ({
              ...mirror.ways[way],
              stream,
              release: one,
              major,
              download: true,
              default: UNREACHABLE,
            })),
          ),
        );
        const answers = await ask(questions);
        expect(answers.map(({ streams }) => streams)).toEqual(
          questions.map(({ stream }) => SEARCHED_STREAMS[stream]),
        );
        expect(answers.map(foundBy)).toEqual(questions.map((question) => listedFor(rows, question)));
        expect(answers.flatMap(complaintsOf)).toEqual([]);
        expect(new Set(answers.flatMap(({ found }) => found.map(archOf)))).toEqual(new Set(ARCHES));
      },
    );

    test.for(WAYS)("by %s: each exact version is found for each arch, and for no other", async (way) => {
      const versions = [...new Set(rows.map((row) => row.version))];
      const questions = STREAMS.flatMap((stream) =>
        versions.flatMap((one) =>
          ARCHES.map((arch) => ({ ...mirror.ways[way], stream, release, version: one, arch })),
        ),
      );
      const answers = await ask(questions);
      const expected = questions.map((question) =>
        listedFor(rows, { ...question, stream: streamFor(question) }),
      );
      expect(answers.map(foundBy)).toEqual(expected);
      expect(answers.map(({ errorKind }) => errorKind)).toEqual(
        expected.map((agents) => (agents.length === 0 ? "not-found" : undefined)),
      );
    });

    test.for(WAYS)("by %s: a missing version, arch or release is Juju's not-found", async (way) => {
      const missing = [
        { version: MISSING[generation], release },
        { version, release, arch: "riscv64" },
        { version, release: generation === "2.8" ? "precise" : "windows", arch: "arm64" },
      ];
      const answers = await ask(
        missing.flatMap((question) =>
          STREAMS.map((stream) => ({ ...mirror.ways[way], ...question, stream })),
        ),
      );
      for (const answer of answers) expect(answer).toMatchObject({ found: [], errorKind: "not-found" });
    });

    test("falls through to the default source for what is missing, and only for that", async () => {
      const question = { ...mirror.ways["agent-metadata-url"], release, default: UNREACHABLE };
      const [held, noVersion, noArch] = await ask([
        { ...question, version, arch: "s390x" },
        { ...question, version: MISSING[generation], arch: "amd64" },
        { ...question, version, arch: "riscv64" },
      ]);
      expect(held).toMatchObject({ found: [{}], fellThrough: false });
      expect(noVersion).toMatchObject({ found: [], fellThrough: true, errorKind: offline });
      expect(noArch).toMatchObject({ found: [], fellThrough: true, errorKind: offline });
    });

    test("reads unsigned metadata alone, and never follows it away from the mirror", async () => {
      const [answer] = await ask([{ ...mirror.ways["agent-metadata-url"], version, release }]);
      const delivered = answer?.requests.filter(({ error }) => error === undefined).map(({ url }) => url);
      expect(delivered?.length).toBeGreaterThan(0);
      for (const url of delivered ?? []) expect(url).toMatch(/\.json$/);
      for (const { url } of answer?.found ?? []) expect(url).toMatch(`${mirror.url}/tools/agent/`);
    });

    test.for(WAYS)("sync-agent-binary copies from the mirror, given as %s", async (way) => {
      const question = { ...mirror.ways[way], version, release };
      const [answer] = await ask([{ ...question, sync: true }]);
      expect(answer?.syncError).toBeUndefined();
      const synced = answer?.synced?.map(({ version: name, size, sha256 }) => ({
        version: name,
        size,
        sha256,
      }));
      for (const agent of listedFor(rows, question)) expect(synced).toContainEqual(agent);
    });
  },
);

/** Juju looks for a candidate or a beta in every stream. Source: juju environs/tools PreferredStreams. */
function streamFor({ stream, version }: { readonly stream: string; readonly version: string }): string {
  return stream === "released" && /[a-z]/.test(version) ? "devel" : stream;
}

/** The last part of `3.6.27-ubuntu-arm64`. */
function archOf({ version }: { readonly version: string }): string {
  return version.slice(version.lastIndexOf("-") + 1);
}
