/** Single rules of what Juju and a mirror do with each other, which the other files here take for granted. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildInterop,
  type InteropAnswer,
  type InteropQuestion,
  type JujuGeneration,
} from "../helpers/interop.ts";
import {
  complaintsOf,
  foundBy,
  judgedMirror,
  listedFor,
  type JudgedMirror,
} from "../helpers/judged-mirror.ts";
import { itemPath, localhostTls, startUpstream, type TestUpstream } from "../helpers/upstream.ts";
import { upstreamRows } from "../helpers/upstream-rows.ts";

const interop = await buildInterop();

const GENERATIONS = [
  { generation: "3.6", version: "3.6.27", release: "ubuntu", family: "agents" },
  { generation: "2.9", version: "2.9.60", release: "ubuntu", family: "agents" },
  { generation: "2.8", version: "2.8.13", release: "bionic", family: "tools" },
] as const;

async function ask(generation: JujuGeneration, question: InteropQuestion): Promise<InteropAnswer> {
  const [answer] = await interop.juju(generation).ask([question]);
  if (answer === undefined) throw new Error("The program gave no answer.");
  return answer;
}

describe.skipIf(interop.isMissing)(`Juju and a mirror with a channel${interop.note}`, () => {
  let upstream: TestUpstream;
  let judged: JudgedMirror;

  beforeAll(async () => {
    upstream = await startUpstream();
    judged = await judgedMirror(upstream, {
      select: [{ stream: "*", prereleases: true }],
      channels: { lab: { from: "mirror" } },
    });
    for (const args of [
      ["promote", "lab"],
      ["withdraw", "lab", "3.6.26"],
    ]) {
      const { status, stderr } = await judged.mirror.here("channel", ...args, "--reason", "test");
      expect(status, stderr).toBe(0);
    }
  });
  afterAll(async () => {
    await judged[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  test.for(GENERATIONS)(
    "Juju $generation asks both for the same documents, each time again; no mirrors file is there",
    async ({ generation, version, release, family }) => {
      const bases = [`${judged.url}/tools`, `${judged.url}/channel/lab/tools`];
      const questions = bases.flatMap((url) => {
        const question = { url, version, release, arch: "amd64" };
        return [question, question];
      });
      const answers = await interop.juju(generation).ask(questions);
      for (const [at, { requests }] of answers.entries()) {
        const told = requests.map(({ url, error }) => {
          const path = url
            .replace(questions[at]?.url ?? "", "")
            .replace(/v1\/\d{8}T\d{6}Z-\w+/, "v1/SNAPSHOT");
          return `${path} ${error === undefined ? "is there" : "is not there"}`;
        });
        expect(told).toEqual([
          "/streams/v1/index2.sjson is not there",
          "/streams/v1/index.sjson is not there",
          "/streams/v1/index2.json is there",
          "/streams/v1/mirrors.json is not there",
          `/streams/v1/SNAPSHOT/com.ubuntu.juju-released-${family}.json is there`,
        ]);
      }
    },
  );

  test.for(GENERATIONS)(
    "Juju $generation takes their folders as agent-metadata-url, too",
    async ({ generation, release, version }) => {
      const rows = upstreamRows(upstream.tree, ["2.8.13", "2.9.60", "3.6.26", "3.6.27"]);
      const promoted = rows.filter((row) => row.version !== "3.6.26");
      for (const [folder, expected] of [
        ["tools", rows],
        ["channels/lab/tools", promoted],
      ] as const) {
        const url = pathToFileURL(join(judged.mirror.data, folder)).href;
        const question = { url, release, major: Number(version[0]), download: true };
        const answer = await ask(generation, question);
        expect(foundBy(answer)).toEqual(listedFor(expected, question));
        expect(complaintsOf(answer)).toEqual([]);
      }
    },
  );

  test.for(GENERATIONS)(
    "sync-agent-binary of Juju $generation takes a channel, by URL and as a folder",
    async ({ generation, version, release }) => {
      const rows = upstreamRows(upstream.tree, [version]);
      for (const way of [
        { url: `${judged.url}/channel/lab/tools` },
        { metadataSource: join(judged.mirror.data, "channels/lab") },
      ]) {
        const answer = await ask(generation, { ...way, version, release, sync: true });
        expect(answer.syncError).toBeUndefined();
        const synced = answer.synced?.map(({ version: name, size, sha256 }) => ({
          version: name,
          size,
          sha256,
        }));
        for (const agent of listedFor(rows, { release })) expect(synced).toContainEqual(agent);
      }
    },
  );

  test.for(["tools", "upstream/tools", "channel/lab/tools"])(
    "every stream at %s has a name that Juju 4 accepts",
    async (face) => {
      const index = await fetch(`${judged.url}/${face}/streams/v1/index2.json`);
      const ids = Object.keys(((await index.json()) as { index: object }).index);
      expect(ids.length).toBeGreaterThan(3);
      // Source: juju 4 domain/agentbinary/stream.go
      const standard = /^com\.ubuntu\.juju:(?:released|proposed|testing|devel):(?:agents|tools)$/;
      expect(ids.filter((id) => !standard.test(id))).toEqual([]);
    },
  );
});

describe.skipIf(interop.isMissing).for(GENERATIONS)(
  `The requests of Juju $generation${interop.note}`,
  ({ generation, version, release }) => {
    test("are plain, and carry the name and password of the URL from the first one on", async () => {
      await using upstream = await startUpstream();
      const url = upstream.url.replace("http://", "http://reader:secret@");
      const answer = await ask(generation, {
        url,
        version,
        release,
        arch: "amd64",
        download: true,
        sync: true,
      });
      expect(foundBy(answer)).toHaveLength(1);
      const ofJuju = upstream.records.filter(({ headers }) => headers["user-agent"] === "Go-http-client/1.1");
      expect(ofJuju.some(({ path }) => path.endsWith(".tgz"))).toBe(true);
      expect(ofJuju.some(({ path }) => path.endsWith("index2.json"))).toBe(true);
      for (const { method, path, headers } of ofJuju) {
        expect([method, headers.authorization]).toEqual(["GET", `Basic ${btoa("reader:secret")}`]);
        for (const name of ["range", "if-none-match", "if-modified-since", "if-range"])
          expect(headers[name]).toBeUndefined();
        if (path.endsWith(".json")) expect(headers["accept-encoding"]).toBe("gzip");
      }
    });

    test("insist on a certificate that is known, unless ssl-hostname-verification is false", async () => {
      await using upstream = await startUpstream({ tls: localhostTls() });
      const question = { url: upstream.url, version, release, arch: "amd64", download: true };
      expect((await ask(generation, question)).found).toEqual([]);
      const answer = await ask(generation, { ...question, insecure: true });
      expect(foundBy(answer)).toHaveLength(1);
      // A controller up to 3.x verifies no certificate when it fetches a tarball.
      expect(answer.downloads?.[0]?.error).toBeUndefined();
    });

    test("follow a redirect of a tarball, and refuse one that is compressed on the way", async () => {
      await using upstream = await startUpstream();
      const path = itemPath(upstream, version);
      const question = { url: upstream.url, version, release, arch: "amd64", download: true };
      upstream.fault(path, { kind: "redirect", to: `${upstream.url}${path}?again`, times: 1 });
      expect((await ask(generation, question)).downloads?.[0]?.error).toBeUndefined();
      upstream.clearFaults();
      upstream.fault(path, { kind: "gzip", how: "label" });
      expect((await ask(generation, question)).downloads?.[0]?.error).toBeDefined();
    });

    test("take the page of a missing tarball for the tarball when sync-agent-binary sends them", async () => {
      await using upstream = await startUpstream();
      upstream.fault(itemPath(upstream, version), { kind: "status", status: 404 });
      const answer = await ask(generation, {
        url: upstream.url,
        version,
        release,
        arch: "amd64",
        sync: true,
      });
      expect(answer.syncError).toMatch(/SHA-256 hash mismatch/);
    });
  },
);
