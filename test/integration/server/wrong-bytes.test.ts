import { utimes, writeFile } from "node:fs/promises";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { DAMAGES, flipByte, flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { SEED, seededRandom } from "../../helpers/random.ts";
import { startSlowDownload } from "../../helpers/raw-http.ts";
import {
  type ServedMirror,
  serveMirror,
  streamsOnly,
  tarballBytes,
  tarballPath,
} from "../../helpers/served-mirror.ts";

const SIZE = 2_200_000;
const AGENT = { version: "3.6.5", size: SIZE };
const OTHER = { version: "3.6.99", size: SIZE };
const TARBALL = `/tools/${tarballPath("3.6.5")}`;
const RIGHT = tarballBytes(AGENT);

/** The file of an agent's tarball, writable. */
async function fileOf(mirror: ServedMirror, version = "3.6.5"): Promise<string> {
  const snapshot = await currentSnapshot(mirror.store, MIRROR_REF);
  const agent = snapshot?.agents.find((one) => one.version === version);
  if (agent === undefined) throw new Error(`${version} is not published`);
  const path = join(mirror.store.path, blobPath(agent.sha256));
  await makeWritable(path);
  return path;
}

interface Answer {
  readonly status: number;
  /** The bytes of an answer that came to its end; undefined when the connection broke. */
  readonly body: Buffer | undefined;
}

async function get(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, init);
  const body = await answer.arrayBuffer().then(
    (bytes) => Buffer.from(bytes),
    () => undefined,
  );
  return { status: answer.status, body };
}

const RANGES: readonly (readonly [string, number, number])[] = [
  ["bytes=0-0", 0, 1],
  ["bytes=1500000-1500000", 1_500_000, 1_500_001],
  ["bytes=1000000-", 1_000_000, SIZE],
  ["bytes=-1", SIZE - 1, SIZE],
];

/** Asks in every way, several at the same time; throws at a complete answer with wrong bytes. Gives the statuses. */
async function askEverything(
  mirror: ServedMirror,
  path = TARBALL,
  right: Buffer = RIGHT,
): Promise<Set<number>> {
  const url = mirror.url + path;
  const whole = await Promise.all([get(url), get(url), get(url)]);
  const parts = await Promise.all(RANGES.map(([range]) => get(url, { headers: { range } })));
  const head = await get(url, { method: "HEAD" });
  for (const { status, body } of whole) {
    if (status === 200 && body !== undefined) expect(body.equals(right)).toBe(true);
  }
  for (const [at, [, start, end]] of RANGES.entries()) {
    const { status, body } = parts[at] as Answer;
    if (status === 206 && body !== undefined) expect(body.equals(right.subarray(start, end))).toBe(true);
  }
  return new Set([...whole, ...parts, head].map(({ status }) => status));
}

describe.for([
  ["before the server first reads it", false],
  ["after it was served", true],
] as const)("%s", ([, isServedBefore]) => {
  const agents = DAMAGES.map((_, at) => ({ version: `3.6.${at}`, size: SIZE }));
  let mirror: ServedMirror;
  beforeAll(async () => {
    mirror = await serveMirror({ agents: [...agents, OTHER] });
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  test.for(DAMAGES.map(([what, damage], at) => [what, damage, agents[at] ?? AGENT] as const))(
    "when %s no request gets wrong bytes, and all are 503",
    async ([, damage, agent]) => {
      const [path, right] = [tarballPath(agent.version), tarballBytes(agent)];
      const file = await fileOf(mirror, agent.version);
      if (isServedBefore) {
        expect(await askEverything(mirror, `/tools/${path}`, right)).toEqual(new Set([200, 206]));
      }
      await damage(file, await fileOf(mirror, OTHER.version));
      mirror.damaged.length = 0;

      expect(await askEverything(mirror, `/tools/${path}`, right)).toEqual(new Set([503]));
      expect(mirror.damaged).toHaveLength(1);
      expect(await askEverything(mirror, `/upstream/tools/${path}`, right)).toEqual(new Set([503]));
    },
  );

  test("the other tarballs are served", async () => {
    const other = await get(`${mirror.url}/tools/${tarballPath(OTHER.version)}`);
    expect(other.body?.equals(tarballBytes(OTHER))).toBe(true);
  });
});

test("a tarball whose right bytes are put back is served again, without a restart", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const path = await fileOf(mirror);
  flipByte(path, 12);
  expect((await get(mirror.url + TARBALL)).status).toBe(503);
  const { atime, mtime } = statSync(path);
  await writeFile(path, RIGHT);
  await utimes(path, atime, mtime);
  expect(await askEverything(mirror)).toEqual(new Set([200, 206]));
});

test("a tarball of an earlier snapshot is looked at like one of today", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const path = await fileOf(mirror);
  await mirror.publish({ agents: [OTHER] });
  expect(await askEverything(mirror)).toEqual(new Set([200, 206]));
  await flipByteQuietly(path, 2_000_000);
  expect(await askEverything(mirror)).toEqual(new Set([503]));
});

test("publishing links files again, and downloads under way still end whole", async () => {
  const big = { version: "3.6.5", size: 30_000_000 };
  await using mirror = await serveMirror({ agents: [big] });
  const download = await startSlowDownload(mirror.port, TARBALL);
  await mirror.publish({ agents: [big, { version: "3.6.6" }] });
  expect((await download.finish()).equals(tarballBytes(big))).toBe(true);
  expect(mirror.damaged).toEqual([]);
});

test("a tarball with the rights of its file changed is still served when it can be read", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const path = await fileOf(mirror);
  expect((await get(mirror.url + TARBALL)).status).toBe(200);
  const { chmod } = await import("node:fs/promises");
  await chmod(path, 0o000);
  // Root reads it all the same; for others it is 503.
  const expected = process.getuid?.() === 0 ? new Set([200, 206]) : new Set([503]);
  expect(await askEverything(mirror)).toEqual(expected);
});

describe("while a download runs", () => {
  const big = { version: "3.6.5", size: 30_000_000 };
  const right = tarballBytes(big);

  test.for([
    ["the first byte", 0],
    ["a byte in the middle", 15_000_000],
    ["the last byte", -1],
  ] as const)("flipping %s breaks it or leaves it right", async ([, position]) => {
    await using mirror = await serveMirror({ agents: [big] });
    const path = await fileOf(mirror);
    const download = await startSlowDownload(mirror.port, TARBALL);
    await flipByteQuietly(path, position);
    const body = await download.finish();
    expect(body.length).toBeLessThan(right.length);
    expect(body.equals(right.subarray(0, body.length))).toBe(true);
    expect((await get(mirror.url + TARBALL)).status).toBe(503);
    expect(mirror.damaged).toHaveLength(1);
  });

  test("a byte that is flipped and flipped back never reaches a reader", async () => {
    await using mirror = await serveMirror({ agents: [big] });
    const path = await fileOf(mirror);
    const download = await startSlowDownload(mirror.port, TARBALL);
    flipByte(path, 20_000_000);
    const finished = download.finish();
    await new Promise((resolve) => setTimeout(resolve, 5));
    flipByte(path, 20_000_000);
    const body = await finished;
    expect(body.equals(right.subarray(0, body.length))).toBe(true);
  });

  test("another file in its place does not disturb it: the open one is sent to its end", async () => {
    await using mirror = await serveMirror({ agents: [big] });
    const path = await fileOf(mirror);
    const download = await startSlowDownload(mirror.port, TARBALL);
    const { rename } = await import("node:fs/promises");
    await writeFile(`${path}.new`, Buffer.alloc(big.size));
    await rename(`${path}.new`, path);
    expect((await download.finish()).equals(right)).toBe(true);
    expect((await get(mirror.url + TARBALL)).status).toBe(503);
  });
});

test("tarballs of a store that is read as streams end before their last piece when the hash is wrong", async () => {
  await using mirror = await serveMirror({ agents: [AGENT], served: streamsOnly });
  flipByte(await fileOf(mirror), 5);
  const first = await get(mirror.url + TARBALL).catch(() => ({ status: 0, body: undefined }));
  expect(first.body).toBeUndefined();
  expect(await askEverything(mirror)).toEqual(new Set([503]));
});

test("damage at random, with readers at random: no complete answer has wrong bytes", async () => {
  const random = seededRandom(SEED);
  await using mirror = await serveMirror({ agents: [AGENT] });
  const path = await fileOf(mirror);
  const ask = async (): Promise<void> => {
    const start = random.below(SIZE);
    const end = start + 1 + random.below(SIZE - start);
    const isPart = random.chance(0.5);
    const headers = isPart ? { range: `bytes=${start}-${end - 1}` } : undefined;
    const answer = await get(mirror.url + TARBALL, headers && { headers }).catch(() => undefined);
    if (answer?.body === undefined || answer.status === 503) return;
    expect([200, 206]).toContain(answer.status);
    expect(answer.body.equals(isPart ? RIGHT.subarray(start, end) : RIGHT)).toBe(true);
  };
  for (let turn = 0; turn < 25; turn += 1) {
    const readers = Array.from({ length: 1 + random.below(4) }, ask);
    const position = random.below(SIZE);
    if (random.chance(0.7)) await flipByteQuietly(path, position);
    readers.push(ask());
    await Promise.all(readers);
    if (random.chance(0.6)) {
      const { atime, mtime } = statSync(path);
      await writeFile(path, RIGHT);
      await utimes(path, atime, mtime);
    }
  }
});
