/** Documents that an earlier version accepted and that are refused today: named, read again, and nothing is stuck. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { requireCurrentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startServe } from "../../helpers/running-jam.ts";
import {
  buildSampleTree,
  startUpstream,
  withSignatureFault,
  type SampleTree,
  type TestUpstream,
} from "../../helpers/upstream.ts";

const tree = await buildSampleTree({
  releases: ["3.6.26", "3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
});
const INDEX = "streams/v1/index2.json";
const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";
const signed = (path: string) => path.replace(/json$/, "sjson");

/** A mirror as an earlier version left it, which had read the document at `path` as `spoilt` has it. */
async function olderMirror(upstream: TestUpstream, path: string, spoilt: SampleTree): Promise<TestMirror> {
  const mirror = await temporaryMirror(upstream);
  // Snapshots of one second and the same agents would be one.
  await mirror.sync({ at: new Date(Date.now() - 3_600_000) });
  const [good, bad] = [tree, spoilt].map((one) => Buffer.from(one.text(signed(path)))) as [Buffer, Buffer];
  await writeFile(join(mirror.data, "upstream", sha256Of(bad)), bad);
  const [snapshot = ""] = await readdir(join(mirror.data, "snapshots"));
  for (const file of [join("snapshots", snapshot), "state/upstream-memory.json"]) {
    const text = await readFile(join(mirror.data, file), "utf8");
    const older = text.replaceAll(sha256Of(good), sha256Of(bad)).replaceAll(/,\s*"rules": ?\d+/g, "");
    await writeFile(join(mirror.data, file), older);
  }
  return mirror;
}

async function proofsOf({ data }: TestMirror): Promise<string[]> {
  const { upstream } = await requireCurrentSnapshot(await openFsStore(data), data);
  return upstream.documents.map(({ sha256 }) => sha256);
}

test.for([
  [INDEX, "lone-cr"],
  [INDEX, "good-then-bad"],
  [INDEX, "wrong-checksum"],
  [AGENTS, "lone-cr-between"],
] as const)(
  "%s that came with the fault %s is named, read again without conditions, and replaced everywhere",
  async ([path, fault]) => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await olderMirror(upstream, path, await withSignatureFault(tree, path, fault));
    const requestsBefore = upstream.records.length;

    const report = await mirror.sync();

    expect(report.outcome).toBe("updated");
    expect(report.warnings.join("\n")).toMatch(
      new RegExp(
        `The copy of ${signed(path)} that was accepted before is no longer used; it was read again: `,
      ),
    );
    const conditional = upstream.records
      .slice(requestsBefore)
      .filter(({ status }) => status === 304)
      .map((record) => record.path);
    expect(conditional).not.toContain(signed(path));
    expect(await proofsOf(mirror)).toContain(sha256Of(Buffer.from(tree.text(signed(path)))));
    await mirror.published();
    expect((await mirror.sync()).outcome).toBe("unchanged");
  },
);

test("the commands that read kept documents work before and after, and the server does not pass the document on", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await olderMirror(upstream, AGENTS, await withSignatureFault(tree, AGENTS, "lone-cr"));
  expect((await mirror.jam("which", "3.6.26")).status).toBe(0);
  const created = await mirror.jam("bundle", "create", "--unsigned", "--to", "before");
  expect([created.status, created.stdout + created.stderr]).toEqual([3, expect.stringMatching(/jam sync/)]);
  await using server = await startServe(mirror.folder);
  const answer = await fetch(`${server.url}/upstream/tools/${signed(AGENTS)}`);
  expect([answer.status, await answer.json()]).toMatchObject([503, { code: "JAM_STORE_CORRUPT" }]);

  expect((await mirror.jam("sync", "--quiet")).status).toBe(0);

  expect((await fetch(`${server.url}/upstream/tools/${signed(AGENTS)}`)).status).toBe(200);
  expect((await mirror.jam("bundle", "create", "--unsigned", "--to", "after")).status).toBe(0);
});

test("while upstream still serves it the run is refused by name, and what is published stays", async () => {
  await using upstream = await startUpstream({ tree });
  const spoilt = await withSignatureFault(tree, INDEX, "lone-cr");
  await using mirror = await olderMirror(upstream, INDEX, spoilt);
  const before = await mirror.published();
  upstream.publish(spoilt);
  const { status, stderr } = await mirror.jam("sync");
  expect([status, stderr.replaceAll(/\s+/g, " ")]).toEqual([
    4,
    expect.stringMatching(/carriage return that does not end it/),
  ]);
  expect(await mirror.published()).toEqual(before);
});

test("sound documents of an earlier version are verified once, and not fetched", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await olderMirror(upstream, INDEX, tree);
  const requestsBefore = upstream.records.length;
  expect(await mirror.sync()).toMatchObject({ outcome: "unchanged", warnings: [] });
  expect(upstream.records.slice(requestsBefore).map(({ status }) => status)).toEqual([304, 304]);
  const memory = await readFile(join(mirror.data, "state/upstream-memory.json"), "utf8");
  expect(memory.match(/"rules": 2/g)).toHaveLength(2);
});
