import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { JamError } from "../../../src/shared/errors.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { rawGet, rawRequest, startSlowDownload } from "../../helpers/raw-http.ts";
import { type ServedMirror, serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const TARBALL = `/tools/${tarballPath("3.6.5")}`;
const INDEX = "/tools/streams/v1/index2.json";

function ioError(): Promise<never> {
  return Promise.reject(new JamError("JAM_STORE_IO", "/srv/secret: EIO", { hint: "Check the disk." }));
}

async function currentBlob(mirror: ServedMirror) {
  const snapshot = await currentSnapshot(mirror.store, MIRROR_REF);
  const [agent] = snapshot?.agents ?? [];
  if (agent === undefined) throw new Error("nothing published");
  return agent.sha256;
}

test("an empty mirror is alive, not ready, and has nothing", async () => {
  await using mirror = await serveMirror();
  expect((await fetch(`${mirror.url}/healthz`)).status).toBe(200);
  const readiness = await fetch(`${mirror.url}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.json()).toMatchObject({ ready: false, reasons: [{ code: "JAM_MIRROR_EMPTY" }] });
  expect((await fetch(mirror.url + INDEX)).status).toBe(404);
  expect((await fetch(mirror.url)).status).toBe(200);
  const snapshot = await mirror.publish({ agents: [{ version: "3.6.5" }] });
  expect(await (await fetch(`${mirror.url}/readyz`)).json()).toEqual({
    ready: true,
    snapshot: snapshot.id,
    reasons: [],
  });
});

test("H10: while the store cannot be read from the start everything is 503 with Retry-After", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    served: () => ({ refs: { read: ioError } }),
  });
  for (const path of [INDEX, TARBALL]) {
    const answer = await fetch(mirror.url + path);
    expect([path, answer.status, answer.headers.get("retry-after")]).toEqual([path, 503, "5"]);
    expect(await answer.json()).toMatchObject({ code: "JAM_STORE_IO" });
  }
  expect(await (await fetch(`${mirror.url}/readyz`)).json()).toMatchObject({ ready: false });
});

test("rule 13, H10: keeps serving the last good snapshot while the ref cannot be read", async () => {
  let failing: "no" | "error" | "gone" = "no";
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    served: ({ refs }) => ({
      refs: {
        read: (name) =>
          failing === "no" ? refs.read(name) : failing === "gone" ? Promise.resolve(undefined) : ioError(),
      },
    }),
  });
  const before = await (await fetch(mirror.url + INDEX)).text();
  for (failing of ["error", "gone"] as const) {
    expect(await (await fetch(mirror.url + INDEX)).text()).toBe(before);
    expect((await fetch(`${mirror.url}/readyz`)).status).toBe(503);
  }
  failing = "no";
  expect((await fetch(`${mirror.url}/readyz`)).status).toBe(200);
});

test("rule 13: keeps serving the last good snapshot when the next one cannot be read", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const before = await (await fetch(mirror.url + INDEX)).text();
  const next = await mirror.publish({ agents: [{ version: "3.6.6" }] });
  await mirror.store.documents.put("snapshots", `${next.id}.json`, Buffer.from("not JSON"));
  expect(await (await fetch(mirror.url + INDEX)).text()).toBe(before);
  expect((await fetch(`${mirror.url}/readyz`)).status).toBe(503);
  // Everything else is answered as before, so only this line of the log says why.
  await expect
    .poll(() => mirror.records.at(-1))
    .toMatchObject({ url: "/readyz", error: { code: "JAM_STORE_CORRUPT" } });
});

test("H10: a listed tarball that cannot be opened is 503, and the client is not told the folder", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    served: () => ({ blobs: { open: ioError } }),
  });
  const answer = await fetch(mirror.url + TARBALL);
  const text = await answer.text();
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(text).not.toContain("/srv/secret");
  expect(mirror.records.at(-1)?.error?.message).toContain("/srv/secret");
});

test("S6: a listed tarball that vanished is 503 and reported as damage", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const sha256 = await currentBlob(mirror);
  await mirror.store.blobs.delete(sha256);
  for (const method of ["GET", "HEAD"]) {
    expect((await fetch(mirror.url + TARBALL, { method })).status).toBe(503);
  }
  // Told once, however often it is asked for.
  expect(mirror.damaged).toEqual([sha256]);
});

test.for([
  ["is not listed any longer: 404", [{ version: "3.6.6" }], 404],
  ["has other bytes now: those are sent", [{ version: "3.6.5", seed: 9, size: 700 }], 200],
  ["is listed still and missing: 503, and that is damage", [{ version: "3.6.5" }, { version: "3.6.6" }], 503],
] as const)(
  "a tarball that is pruned between the look at the ref and its opening %s",
  async ([, agents, status]) => {
    let isFirst = true;
    await using mirror: ServedMirror = await serveMirror({
      agents: [{ version: "3.6.5" }],
      served: ({ blobs }) => ({
        blobs: {
          async open(sha256) {
            if (isFirst) {
              isFirst = false;
              await mirror.publish({ agents });
              await mirror.store.blobs.delete(sha256);
            }
            return blobs.open(sha256);
          },
        },
      }),
    });
    const answer = await fetch(mirror.url + TARBALL);
    const body = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(status);
    if (status === 200) expect(body.equals(tarballBytes(agents[0]))).toBe(true);
    expect(mirror.damaged.length).toBe(status === 503 ? 1 : 0);
  },
);

test("S6: a tarball of another size is never begun: 503 and reported as damage", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const sha256 = await currentBlob(mirror);
  await truncate(join(mirror.store.path, blobPath(sha256)), 999);
  expect((await fetch(mirror.url + TARBALL)).status).toBe(503);
  expect(mirror.damaged).toEqual([sha256]);
});

test("S6: a tarball that is cut while it is sent ends in a broken connection, never in a complete answer", async () => {
  const big = { version: "3.6.5", size: 30_000_000 };
  await using mirror = await serveMirror({ agents: [big] });
  const sha256 = await currentBlob(mirror);
  const download = await startSlowDownload(mirror.port, TARBALL);
  await truncate(join(mirror.store.path, blobPath(sha256)), 29_000_000);
  const body = await download.finish();
  expect(body.length).toBeLessThan(30_000_000);
  expect(body.equals(tarballBytes(big).subarray(0, body.length))).toBe(true);
  expect(mirror.damaged).toEqual([sha256]);
});

test("H8: a bug in one answer is 500 with a number that the log knows, and the next answer is fine", async () => {
  let broken = true;
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    served: ({ blobs }) => ({
      blobs: {
        open: (sha256) => {
          if (broken) throw new TypeError("secret is undefined");
          return blobs.open(sha256);
        },
      },
    }),
  });
  const answer = await fetch(mirror.url + TARBALL);
  const problem = (await answer.json()) as { code: string; message: string; details: { incident: string } };
  expect([answer.status, problem.code]).toEqual([500, "JAM_INTERNAL"]);
  expect(problem.message).not.toContain("secret");
  expect(mirror.records[0]?.error).toMatchObject({
    message: "secret is undefined",
    details: { incident: problem.details.incident },
  });
  broken = false;
  expect((await fetch(mirror.url + TARBALL)).status).toBe(200);
});

test("logs each request with status, bytes, peer and user agent", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  await rawRequest(mirror.port, rawGet(`${TARBALL}?token=1`, ["User-Agent: Go-http-client/1.1"]));
  expect(mirror.records).toHaveLength(1);
  expect(mirror.records[0]).toMatchObject({
    method: "GET",
    url: `${TARBALL}?token=1`,
    status: 200,
    remote: "127.0.0.1",
    userAgent: "Go-http-client/1.1",
    aborted: false,
  });
  expect(mirror.records[0]?.bytes).toBeGreaterThan(1000);
});
