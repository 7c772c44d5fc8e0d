/** The harness itself, against the sample upstream: what Juju's code says of a good tree, and of bad ones. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  buildInterop,
  type InteropAnswer,
  type InteropQuestion,
  type JujuGeneration,
} from "../helpers/interop.ts";
import { buildSampleTree, itemPath, startUpstream, type SampleTree } from "../helpers/upstream.ts";

const interop = await buildInterop();

/** A port that nothing listens on: stands in for an internet that is not there. */
const UNREACHABLE = "http://127.0.0.1:9/juju/tools";

/** `offline`: what an unreachable default source ends as; from Oct 2023 on it hides that there is no such agent. */
const GENERATIONS = [
  { generation: "3.6", version: "3.6.27", release: "ubuntu", family: "agents", offline: "other" },
  { generation: "2.9", version: "2.9.60", release: "ubuntu", family: "agents", offline: "not-found" },
  { generation: "2.8", version: "2.8.13", release: "bionic", family: "tools", offline: "not-found" },
] as const satisfies readonly { generation: JujuGeneration; [key: string]: string }[];

/** The tree as files, as `juju bootstrap --metadata-source` wants it: below `tools`. */
async function writeTree(tree: SampleTree): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "jam-interop-"));
  const files = new Map<string, Uint8Array>(tree.documents);
  for (const { path: name, size, source } of tree.items.values()) {
    files.set(name, await source.read(0, Buffer.alloc(size)));
  }
  for (const [name, bytes] of files) {
    const file = join(path, "tools", name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await writeFile(join(path, "key.asc"), tree.key.publicKeyArmored);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function askOne(generation: JujuGeneration, question: InteropQuestion): Promise<InteropAnswer> {
  const [answer] = await interop.juju(generation).ask([question]);
  if (answer === undefined) throw new Error("The program gave no answer.");
  return answer;
}

function versionsOf(answer: InteropAnswer): string[] {
  return answer.found.map(({ version }) => version);
}

function documentsOf(answer: InteropAnswer, base: string): string[] {
  return answer.requests.map(({ url }) => url.replace(base, ""));
}

describe.skipIf(interop.isMissing).for(GENERATIONS)(
  `Juju $generation${interop.note}`,
  ({ generation, version, release, family, offline }) => {
    test("finds every arch of a released version and accepts its tarballs", async () => {
      await using upstream = await startUpstream({ arches: ["amd64", "arm64", "ppc64el", "s390x"] });
      const answer = await askOne(generation, { url: upstream.url, version, release, download: true });
      expect(versionsOf(answer)).toEqual(
        ["amd64", "arm64", "ppc64el", "s390x"].map((arch) => `${version}-${release}-${arch}`),
      );
      expect(answer.downloads?.map(({ error, curlError }) => error ?? curlError ?? "kept")).toEqual(
        Array.from({ length: 4 }, () => "kept"),
      );
      expect(documentsOf(answer, upstream.url)).toContain(
        `streams/v1/com.ubuntu.juju-released-${family}.json`,
      );
    });

    test("reads a folder given as --metadata-source", async () => {
      await using folder = await writeTree(await buildSampleTree({ releases: [version], arches: ["amd64"] }));
      const question = { metadataSource: folder.path, version, release, download: true, sync: true };
      const answer = await askOne(generation, question);
      expect(versionsOf(answer)).toEqual([`${version}-${release}-amd64`]);
      expect(answer.found[0]?.url).toMatch(/^file:\/\//);
      expect(answer.downloads?.[0]?.error).toBeUndefined();
      expect(answer.synced).toContainEqual(answer.found[0]);
    });

    test("takes a version that is not listed from the default source", async () => {
      await using internet = await startUpstream({ releases: [version] });
      await using upstream = await startUpstream({ releases: ["2.8.12", "2.9.59", "3.6.26"] });
      const question = { url: upstream.url, version, release, arch: "amd64" };
      const alone = await askOne(generation, question);
      expect(alone).toMatchObject({ found: [], errorKind: "not-found", fellThrough: false });
      const answer = await askOne(generation, { ...question, default: internet.url });
      expect(answer.fellThrough).toBe(true);
      expect(answer.found[0]?.url).toBe(`${internet.url}${itemPath(internet, version)}`);
    });

    test("goes on to a default source that is out of reach for an arch that is not listed", async () => {
      await using upstream = await startUpstream({ arches: ["amd64"] });
      const question = { url: upstream.url, version, release, arch: "arm64" };
      expect(await askOne(generation, question)).toMatchObject({ found: [], errorKind: "not-found" });
      const answer = await askOne(generation, { ...question, default: UNREACHABLE });
      expect(answer).toMatchObject({ found: [], errorKind: offline, fellThrough: true });
    });

    test("prefers signed metadata when it knows the key, and ignores it when it does not", async () => {
      await using upstream = await startUpstream();
      await using folder = await writeTree(upstream.tree);
      const question = { url: upstream.url, version, release, arch: "amd64" };
      const keyring = join(folder.path, "key.asc");
      const signed = await askOne(generation, { ...question, keyring, requireSigned: true });
      expect(versionsOf(signed)).toEqual([`${version}-${release}-amd64`]);
      expect(documentsOf(signed, upstream.url).every((path) => path.endsWith(".sjson"))).toBe(true);
      const unsigned = await askOne(generation, question);
      expect(versionsOf(unsigned)).toEqual([`${version}-${release}-amd64`]);
      expect(documentsOf(unsigned, upstream.url).at(-1)).toMatch(/\.json$/);
      expect((await askOne(generation, { ...question, requireSigned: true })).found).toEqual([]);
    });

    test("refuses a tarball that is not what the metadata says", async () => {
      await using upstream = await startUpstream();
      const path = itemPath(upstream, version);
      upstream.publish(upstream.tree.withItem(path, Buffer.from("something else")));
      const question = { url: upstream.url, version, release, arch: "amd64", download: true, sync: true };
      const answer = await askOne(generation, question);
      expect(answer.downloads?.[0]?.error).toMatch(/^size mismatch/);
      expect(answer.syncError).toMatch(/^SHA-256 hash mismatch/);
    });

    test("panics over a version that it cannot parse", async () => {
      await using upstream = await startUpstream();
      const path = `streams/v1/com.ubuntu.juju-released-${family}.json`;
      upstream.publish(upstream.tree.withDocument(path, upstream.tree.text(path).replaceAll(version, "3.6")));
      const answer = await askOne(generation, { url: upstream.url, version, release, arch: "amd64" });
      expect(answer).toMatchObject({ found: [], errorKind: "panic" });
      expect(answer.error).toContain('invalid version "3.6"');
    });
  },
);

describe.skipIf(interop.isMissing)(`Juju from 2.9 on${interop.note}`, () => {
  test.for(["3.6", "2.9"] as const)(
    "%s adds devel to what is released, and says where from",
    async (generation) => {
      await using upstream = await startUpstream({ releases: ["3.6.27", "3.6.28", "4.1-beta1"] });
      const question = { url: upstream.url, stream: "devel", arch: "amd64", release: "ubuntu" };
      const [four, three] = await interop.juju(generation).ask([
        { ...question, major: 4 },
        { ...question, major: 3, minor: 6 },
      ]);
      expect(four?.streams).toEqual(["devel", "proposed", "released"]);
      expect(four?.found.map(({ version }) => version)).toEqual(["4.1-beta1-ubuntu-amd64"]);
      expect(three?.found.map(({ version }) => version)).toContain("3.6.27-ubuntu-amd64");
      expect(three?.resolved).toContainEqual({
        source: "agent-metadata-url",
        signed: false,
        indexUrl: `${upstream.url}streams/v1/index2.json`,
      });
    },
  );

  test.for([
    { generation: "3.6", found: [], errorKind: "other" },
    { generation: "2.9", found: ["3.6.27-ubuntu-amd64"], errorKind: undefined },
  ] as const)(
    "$generation meets an unreachable default source at a preferred stream that has no match",
    async ({ generation, found, errorKind }) => {
      await using upstream = await startUpstream({ releases: ["3.6.27"], streams: ["released"] });
      const question = { url: upstream.url, version: "3.6.27", arch: "amd64", stream: "proposed" };
      expect(versionsOf(await askOne(generation, question))).toEqual(["3.6.27-ubuntu-amd64"]);
      const answer = await askOne(generation, { ...question, default: UNREACHABLE });
      expect(answer.fellThrough).toBe(true);
      expect({ found: versionsOf(answer), errorKind: answer.errorKind }).toEqual({ found, errorKind });
    },
  );

  test.for(["3.6", "2.9"] as const)(
    "%s leaves for the mirror of its cloud where mirrors.json names one",
    async (generation) => {
      await using elsewhere = await startUpstream({ releases: ["3.6.27"] });
      await using upstream = await startUpstream({ releases: ["3.6.27"] });
      const cloud = { region: "here", endpoint: "https://cloud.invalid/" };
      const contentId = "com.ubuntu.juju:released:agents";
      const path = "streams/v1/com.ubuntu.juju-released-agents.json";
      const mirrors = "streams/v1/cpc-mirrors.json";
      const reference = { datatype: "content-download", path: mirrors, format: "mirrors:1.0", updated: "" };
      upstream.publish(
        upstream.tree
          .withDocument("streams/v1/mirrors.json", JSON.stringify({ mirrors: { [contentId]: [reference] } }))
          .withDocument(
            mirrors,
            JSON.stringify({
              format: "mirrors:1.0",
              mirrors: { [contentId]: [{ mirror: elsewhere.url, path, clouds: [cloud] }] },
            }),
          ),
      );
      const question = { url: upstream.url, version: "3.6.27", arch: "amd64", release: "ubuntu", ...cloud };
      const answer = await askOne(generation, question);
      expect(answer.resolved[0]?.mirrorUrl).toBe(elsewhere.url);
      expect(answer.found[0]?.url?.startsWith(elsewhere.url)).toBe(true);
    },
  );
});

describe.skipIf(interop.isMissing)(`The checks after Juju's own${interop.note}`, () => {
  test("name a redirect, which the curl of a new controller machine does not follow", async () => {
    await using upstream = await startUpstream();
    const path = itemPath(upstream, "3.6.27");
    upstream.fault(path, { kind: "redirect", to: itemPath(upstream, "3.6.26") });
    const question = { url: upstream.url, version: "3.6.27", arch: "amd64", download: true };
    const answer = await askOne("3.6", question);
    expect(answer.downloads?.[0]?.curlError).toContain("302");
  });

  test("say which builds of Juju 4 refuse the content type", async () => {
    await using upstream = await startUpstream();
    const question = { url: upstream.url, version: "3.6.27", arch: "amd64", download: true };
    const answer = await askOne("3.6", question);
    expect(answer.downloads?.[0]?.contentTypes).toEqual([
      { juju: "4.0 betas", accept: "application/gzip", received: "application/x-gzip", ok: false },
      { juju: "4.0.0", accept: "application/x-gzip", received: "application/x-gzip", ok: true },
      {
        juju: "4.0 later",
        accept: "application/x-gzip,application/gzip",
        received: "application/x-gzip",
        ok: true,
      },
    ]);
  });
});

describe.skipIf(interop.isMissing)(`Version numbers${interop.note}`, () => {
  test.for(["3.6", "2.9", "2.8"] as const)("are parsed and ordered by Juju %s", async (generation) => {
    const solutions = await interop.juju(generation).solve([
      { ask: "parse", text: "3.6-beta2.1" },
      { ask: "parse", text: "3.6" },
      { ask: "parse-binary", text: "2.9.42-ubuntu-arm64" },
      { ask: "compare", a: "3.6-rc1", b: "3.6.0" },
      { ask: "newest", versions: ["2.9.9", "2.9.10", "2.9-rc11"] },
      { ask: "preferred-streams", version: "3.6-rc1" },
    ]);
    expect(solutions).toMatchObject([
      { number: { text: "3.6-beta2.1", major: 3, minor: 6, tag: "beta", patch: 2, build: 1, isDev: true } },
      { error: 'invalid version "3.6"' },
      { number: { text: "2.9.42", isDev: false }, release: "ubuntu", arch: "arm64" },
      { order: -1 },
      { number: { text: "2.9.10" } },
      { streams: ["devel", "proposed", "released"] },
    ]);
  });

  test("with a build part are compatible only on request from 3.0 on", async () => {
    const riddle = {
      ask: "newest-compatible",
      versions: ["3.6.5", "3.6.6.1", "4.0.0"],
      base: "3.6.1",
    } as const;
    const riddles = [riddle, { ...riddle, allowDev: true }];
    const texts = async (generation: JujuGeneration): Promise<unknown> =>
      (await interop.juju(generation).solve(riddles)).map(({ number }) => number?.text);
    expect(await texts("3.6")).toEqual(["3.6.5", "3.6.6.1"]);
    expect(await texts("2.9")).toEqual(["3.6.6.1", "3.6.6.1"]);
  });
});
