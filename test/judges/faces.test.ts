/** What Juju's own code makes of the mirrors that are not whole, and of the one that is. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildInterop, type InteropAnswer, type InteropQuestion } from "../helpers/interop.ts";
import { complaintsOf, foundBy, judgedMirror, listedFor, WAYS } from "../helpers/judged-mirror.ts";
import { itemPath, startUpstream } from "../helpers/upstream.ts";

const interop = await buildInterop();

const GENERATIONS = [
  { generation: "3.6", version: "3.6.27", older: "3.6.26", release: "ubuntu", major: 3 },
  { generation: "2.9", version: "2.9.60", older: "2.9.49", release: "ubuntu", major: 2 },
  { generation: "2.8", version: "2.8.13", older: "2.8.8", release: "bionic", major: 2 },
] as const;
const RELEASES = ["2.8.8", "2.8.13", "2.9.49", "2.9.60", "3.6.26", "3.6.27"];

describe.skipIf(interop.isMissing).for(GENERATIONS)(
  `Juju $generation${interop.note}`,
  ({ generation, version, older, release, major }) => {
    const ask = async (question: InteropQuestion): Promise<InteropAnswer> => {
      const [answer] = await interop.juju(generation).ask([question]);
      if (answer === undefined) throw new Error("The program gave no answer.");
      return answer;
    };

    test.for(WAYS)("sees of a filtered mirror, by %s, what it holds and nothing else", async (way) => {
      await using upstream = await startUpstream({ releases: RELEASES });
      await using mirror = await judgedMirror(upstream, {
        select: [{ stream: "released", arch: ["amd64"], keep: 1 }],
      });
      const rows = await mirror.list();
      const question = { ...mirror.ways[way], release };
      const held = await ask({ ...question, major, download: true });
      expect(foundBy(held)).toEqual(listedFor(rows, { ...question, major }));
      expect(held.found.map((agent) => agent.version)).toContain(`${version}-${release}-amd64`);
      expect(complaintsOf(held)).toEqual([]);
      for (const dropped of [
        { version: older, arch: "amd64" },
        { version, arch: "arm64" },
      ]) {
        expect(await ask({ ...question, ...dropped })).toMatchObject({ found: [], errorKind: "not-found" });
      }
    });

    test("finds no signed metadata on a filtered mirror, neither at /tools nor at /upstream/tools", async () => {
      await using upstream = await startUpstream({ releases: RELEASES });
      await using mirror = await judgedMirror(upstream, { select: [{ stream: "released", keep: 1 }] });
      const keyring = join(mirror.mirror.folder, "key.asc");
      for (const url of [`${mirror.url}/tools`, `${mirror.url}/upstream/tools`]) {
        const answer = await ask({ url, version, release, keyring, requireSigned: true });
        expect(answer).toMatchObject({ found: [], errorKind: "not-found" });
      }
    });

    test("accepts a complete mirror's /upstream/tools as upstream itself, signature and all", async () => {
      await using upstream = await startUpstream({ releases: [...RELEASES, "3.6-rc1", "4.1-beta1"] });
      await using mirror = await judgedMirror(upstream, { select: [{ stream: "*", prereleases: true }] });
      const keyring = join(mirror.mirror.folder, "key.asc");
      const question = { major, release, stream: "devel", requireSigned: true, download: true };
      const direct = await ask({ ...question, keyring, url: upstream.url });
      const mirrored = await ask({ ...question, keyring, url: `${mirror.url}/upstream/tools` });
      expect(foundBy(mirrored)).toEqual(foundBy(direct));
      expect(foundBy(mirrored)).toEqual(listedFor(await mirror.list(), question));
      expect(complaintsOf(mirrored)).toEqual([]);
      expect(mirrored.requests.every(({ url }) => url.endsWith(".sjson"))).toBe(true);
      for (const { url } of mirrored.found) expect(url).toMatch(`${mirror.url}/upstream/tools/`);
      const withJujusOwnKey = await ask({ ...question, url: `${mirror.url}/upstream/tools` });
      expect(withJujusOwnKey.found).toEqual([]);
    });

    test("is never offered the agent that a partial sync could not fetch", async () => {
      await using upstream = await startUpstream({ releases: RELEASES });
      const path = itemPath(upstream, version);
      upstream.fault(path, { kind: "status", status: 404 });
      await using mirror = await judgedMirror(upstream, { select: [{ stream: "released" }] }, { status: 3 });
      const question = { ...mirror.ways["agent-metadata-url"], release };
      expect(await ask({ ...question, version, arch: "amd64" })).toMatchObject({ errorKind: "not-found" });
      const rest = await ask({ ...question, major, download: true });
      expect(foundBy(rest)).toEqual(listedFor(await mirror.list(), { ...question, major }));
      expect(rest.found.map((agent) => agent.version)).toContain(`${version}-${release}-arm64`);
      expect(complaintsOf(rest)).toEqual([]);

      upstream.clearFaults();
      expect(await mirror.mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
      const whole = await ask({ ...question, version, arch: "amd64", download: true });
      expect(whole.found.map((agent) => agent.version)).toEqual([`${version}-${release}-amd64`]);
      expect(complaintsOf(whole)).toEqual([]);
    });

    test.for(WAYS)("sees, by %s, that a version was withdrawn, as soon as a sync has ended", async (way) => {
      await using upstream = await startUpstream({ releases: RELEASES });
      await using mirror = await judgedMirror(upstream, { select: [{ stream: "released" }] });
      const question = { ...mirror.ways[way], version, release, arch: "amd64" };
      const before = await ask(question);
      expect(before.found).toHaveLength(1);
      await mirror.mirror.configure({ deny: [{ version, reason: "withdrawn" }] });
      expect(await mirror.mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
      expect(await ask(question)).toMatchObject({ found: [], errorKind: "not-found" });
    });
  },
);
