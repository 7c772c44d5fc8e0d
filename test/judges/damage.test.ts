/** A mirror with damaged tarballs: Juju's own code finds none of them, and all of them again after the repair. */
import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flipByteQuietly, makeWritable } from "../helpers/damage-file.ts";
import { buildInterop } from "../helpers/interop.ts";
import { complaintsOf, foundBy, listedFor, type ListedAgent } from "../helpers/judged-mirror.ts";
import { judgeRefs } from "../helpers/judged-refs.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream } from "../helpers/upstream.ts";
import { upstreamRows } from "../helpers/upstream-rows.ts";

const interop = await buildInterop();

const ALL = "2.8.8 2.8.13 2.9.49 2.9.60 3.6.26 3.6.27 4.0.15".split(" ");
const GENERATIONS = [
  { generation: "3.6", version: "3.6.27", release: "ubuntu" },
  { generation: "2.9", version: "2.9.60", release: "ubuntu" },
  { generation: "2.8", version: "2.8.13", release: "bionic" },
] as const;
/** What happens to the tarball of each. */
const DAMAGES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  "2.8.13": (file) => truncate(file, 100),
  "2.9.60": (file) => rm(file),
  "3.6.27": (file) => flipByteQuietly(file, -1),
};

function isDamaged({ version, arch }: ListedAgent): boolean {
  return version in DAMAGES && arch === "amd64";
}

async function damage(data: string, version: string, sha256: string): Promise<void> {
  const file = join(data, "blobs/sha256", sha256.slice(0, 2), sha256);
  await makeWritable(file);
  await DAMAGES[version]?.(file);
}

async function jam(mirror: TestMirror, wanted: number, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, `jam ${args.join(" ")}\n${stderr}${stdout}`).toBe(wanted);
  return stdout;
}

describe.skipIf(interop.isMissing)(`Juju's own code in front of a damaged mirror${interop.note}`, () => {
  test("finds what is whole in the mirror and in channels, and everything after the repair", async () => {
    await using upstream = await startUpstream({ releases: ALL });
    await using mirror = await temporaryMirror(upstream, { select: [{ stream: "*", prereleases: true }] });
    await jam(mirror, 0, "sync", "--quiet");
    await jam(mirror, 0, "channel", "create", "lab", "--from", "mirror");
    await jam(mirror, 0, "channel", "promote", "lab", "--reason", "all of it");
    await using server = await startServe(mirror.folder);
    const see = judgeRefs(interop, { site: { urls: [server.url], data: mirror.data }, versions: ALL });
    const everything = upstreamRows(upstream.tree, ALL);
    await see({ mirror: everything, lab: everything });

    const damaged = new Map(everything.filter(isDamaged).map(({ version, sha256 }) => [version, sha256]));
    for (const [version, sha256] of damaged) await damage(mirror.data, version, sha256);
    await jam(mirror, 4, "verify", "--deep", "--quiet");
    const whole = everything.filter((row) => !isDamaged(row));
    await see({ mirror: whole, lab: whole });

    await jam(mirror, 0, "repair", "--quiet");
    await see({ mirror: everything, lab: everything });
  });

  test("gets no wrong bytes of what nobody has found yet; the first who asks withdraws it for all", async () => {
    await using upstream = await startUpstream({ releases: ALL });
    await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released" }] });
    await jam(mirror, 0, "sync", "--quiet");
    await jam(mirror, 0, "channel", "create", "lab", "--from", "mirror");
    await jam(mirror, 0, "channel", "promote", "lab", "--reason", "all of it");
    await using server = await startServe(mirror.folder);
    const faces = [`${server.url}/tools`, `${server.url}/channel/lab/tools`];
    for (const { generation, version, release } of GENERATIONS) {
      const row = upstreamRows(upstream.tree, [version]).find(({ arch }) => arch === "amd64");
      await damage(mirror.data, version, row?.sha256 ?? "");
      const questions = faces.map((url) => ({ url, version, release, arch: "amd64", download: true }));
      const program = interop.juju(generation);
      const [first, second] = await program.ask(questions);
      expect(first?.downloads?.[0]?.error).toMatch(/bad HTTP response|unexpected EOF|connection reset/);
      expect(second).toMatchObject({ found: [], errorKind: "not-found" });
      expect((await program.ask(questions)).flatMap(({ found }) => found)).toEqual([]);
    }
    await jam(mirror, 0, "repair", "--deep", "--quiet");
    for (const { generation, version, release } of GENERATIONS) {
      const expected = listedFor(upstreamRows(upstream.tree, [version]), { release, version, arch: "amd64" });
      const answers = await interop
        .juju(generation)
        .ask(faces.map((url) => ({ url, version, release, arch: "amd64", download: true })));
      expect(answers.map(foundBy)).toEqual([expected, expected]);
      expect(answers.flatMap(complaintsOf)).toEqual([]);
    }
  });
});
