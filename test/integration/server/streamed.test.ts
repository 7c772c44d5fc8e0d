/** Tarballs of a store that offers no reads in the middle of a blob: they are sent from one stream each. */
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blobPath } from "../../../src/store/layout.ts";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { rawGet, rawRequest, startSlowDownload } from "../../helpers/raw-http.ts";
import {
  type ServedMirror,
  serveMirror,
  streamsOnly,
  tarballBytes,
  tarballPath,
} from "../../helpers/served-mirror.ts";

const AGENT = { version: "3.6.5", size: 3_000_000 };
const TARBALL = `/tools/${tarballPath("3.6.5")}`;

const blobOf = async ({ store }: ServedMirror) => {
  const [agent] = (await currentSnapshot(store, MIRROR_REF))?.agents ?? [];
  if (agent === undefined) throw new Error("nothing published");
  return agent.sha256;
};

test.for([
  [undefined, 200, 0, 3_000_000],
  ["bytes=0-0", 206, 0, 1],
  ["bytes=1048570-1048590", 206, 1_048_570, 1_048_591],
  ["bytes=2999999-", 206, 2_999_999, 3_000_000],
  ["bytes=-5", 206, 2_999_995, 3_000_000],
  ["bytes=3000000-", 416, 0, 0],
] as const)("answers the range %s with %i", async ([range, status, start, end]) => {
  await using mirror = await serveMirror({ agents: [AGENT], served: streamsOnly });
  const answer = await rawRequest(
    mirror.port,
    rawGet(TARBALL, range === undefined ? [] : [`Range: ${range}`]),
  );
  expect(answer.status).toBe(status);
  if (status === 416) return;
  expect(answer.headers["content-length"]).toBe(String(end - start));
  expect(answer.body.equals(tarballBytes(AGENT).subarray(start, end))).toBe(true);
  expect(mirror.damaged).toEqual([]);
});

test("twelve clients get every byte of one tarball at the same time", async () => {
  await using mirror = await serveMirror({ agents: [AGENT], served: streamsOnly });
  const bodies = await Promise.all(
    Array.from({ length: 12 }, async () =>
      Buffer.from(await (await fetch(mirror.url + TARBALL)).arrayBuffer()),
    ),
  );
  expect(bodies.every((body) => body.equals(tarballBytes(AGENT)))).toBe(true);
});

test("HEAD describes the tarball and reads nothing of it", async () => {
  let opened = 0;
  await using mirror = await serveMirror({
    agents: [AGENT],
    served: ({ blobs }) => ({
      blobs: {
        async open(sha256) {
          const blob = await blobs.open(sha256);
          return (
            blob && {
              size: blob.size,
              storedAt: blob.storedAt,
              bytes(range) {
                opened += 1;
                return blob.bytes(range);
              },
              close: () => blob.close(),
            }
          );
        },
      },
    }),
  });
  const { status, headers } = await fetch(mirror.url + TARBALL, { method: "HEAD" });
  expect([status, headers.get("content-length"), opened]).toEqual([200, "3000000", 0]);
});

test("a tarball that is cut while it is sent ends in a broken connection and is reported as damage", async () => {
  const big = { version: "3.6.5", size: 30_000_000 };
  await using mirror = await serveMirror({ agents: [big], served: streamsOnly });
  const sha256 = await blobOf(mirror);
  const download = await startSlowDownload(mirror.port, TARBALL);
  await truncate(join(mirror.store.path, blobPath(sha256)), 29_000_000);
  const body = await download.finish();
  expect(body.length).toBeLessThan(30_000_000);
  expect(body.equals(tarballBytes(big).subarray(0, body.length))).toBe(true);
  expect(mirror.damaged).toEqual([sha256]);
});

test("a client that reads slowly holds the stream back", async () => {
  const big = { version: "3.6.5", size: 40_000_000 };
  let taken = 0;
  await using mirror = await serveMirror({
    agents: [big],
    served: ({ blobs }) => ({
      blobs: {
        async open(sha256) {
          const blob = await blobs.open(sha256);
          if (blob === undefined) return undefined;
          const bytes = async function* () {
            for await (const piece of blob.bytes()) {
              taken += piece.length;
              yield piece;
            }
          };
          return { size: blob.size, storedAt: blob.storedAt, bytes, close: () => blob.close() };
        },
      },
    }),
  });
  const download = await startSlowDownload(mirror.port, TARBALL);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(taken).toBeLessThan(20_000_000);
  expect((await download.finish()).equals(tarballBytes(big))).toBe(true);
});
