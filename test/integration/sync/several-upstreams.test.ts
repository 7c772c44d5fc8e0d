import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildSampleTree, generateSampleKey, itemPath, startUpstream } from "../../helpers/upstream.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";

const options = { releases: ["3.6.26", "3.6.27"], arches: ["amd64"] };
const tree = await buildSampleTree(options);
const ALL = ["3.6.26-ubuntu-amd64", "3.6.27-ubuntu-amd64"];

/** Lets a mirror have two upstreams, in this order. */
async function useBoth(mirror: TestMirror, first: string, second: string): Promise<void> {
  await mirror.configure({
    upstreams: [
      { name: "first", url: first, keyring: "key.asc" },
      { name: "second", url: second, keyring: "key.asc" },
    ],
    fetch: { retries: 0, idleTimeout: "PT1S" },
  });
}

test("goes to the second upstream when the first is down, and says so", async () => {
  await using second = await startUpstream({ tree });
  await using mirror = await temporaryMirror(second);
  await useBoth(mirror, "http://127.0.0.1:9/juju/tools/", second.url);
  const report = await mirror.sync();
  expect(report).toMatchObject({ outcome: "updated", upstream: second.url });
  expect(report.warnings.join()).toMatch(/first was skipped/);
  expect((await mirror.published()).agents).toEqual(ALL);
});

test("goes to the second upstream when the first one's signature is not to be trusted", async () => {
  const foreign = await buildSampleTree({ ...options, key: await generateSampleKey("foreign") });
  await using first = await startUpstream({ tree: foreign });
  await using second = await startUpstream({ tree });
  await using mirror = await temporaryMirror(second);
  await useBoth(mirror, first.url, second.url);
  expect(await mirror.sync()).toMatchObject({ outcome: "updated", upstream: second.url });
  expect(first.requests.some((request) => request.includes(".tgz"))).toBe(false);
});

test("takes a tarball that the first one cannot give from the second, and the others from the first", async () => {
  await using first = await startUpstream({ tree });
  await using second = await startUpstream({ tree });
  await using mirror = await temporaryMirror(first);
  await useBoth(mirror, first.url, second.url);
  const path = itemPath({ tree }, "3.6.26");
  first.fault(path, { kind: "alter", at: 100 });
  expect(await mirror.sync()).toMatchObject({ outcome: "updated", upstream: first.url, failed: [] });
  expect(second.requests).toEqual([`GET ${path}`]);
  expect((await mirror.published()).agents).toEqual(ALL);
});

test("goes on at the second upstream with the bytes that the first one gave", async () => {
  const large = await buildSampleTree({ ...options, releases: ["3.6.27"], tarballBytes: 40_000 });
  await using first = await startUpstream({ tree: large });
  await using second = await startUpstream({ tree: large });
  await using mirror = await temporaryMirror(first);
  await useBoth(mirror, first.url, second.url);
  const path = itemPath({ tree: large }, "3.6.27");
  first.fault(path, { kind: "cut", at: 30_000 });
  expect((await mirror.sync()).outcome).toBe("updated");
  expect(second.requests).toEqual([`GET ${path} bytes=30000-`]);
});

test("tells every upstream's reason when none can be used", async () => {
  await using first = await startUpstream({ tree });
  await using second = await startUpstream({ tree });
  first.fault(/sjson$/, { kind: "status", status: 403 });
  second.fault(/sjson$/, { kind: "html" });
  await using mirror = await temporaryMirror(first);
  await useBoth(mirror, first.url, second.url);
  await expect(mirror.sync()).rejects.toMatchObject({
    message: expect.stringMatching(/first: .*403.* second: /s),
    details: { upstreams: [{ name: "first" }, { name: "second" }] },
  });
});

test("offline it reads folders and no URL", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.configure({ mode: "offline" });
  await expect(mirror.sync()).rejects.toMatchObject({ code: "JAM_OFFLINE" });
  expect(upstream.requests).toEqual([]);
  await writeFile(join(mirror.folder, "key.asc"), tree.key.publicKeyArmored);
  const { status, stderr } = await mirror.jam("sync");
  expect(status).toBe(7);
  expect(stderr).toContain(upstream.url);
});
