/** The data directory as it lies under nginx, with the configuration that docs/guides/point-a-controller.md shows. */
import { createHash } from "node:crypto";
import { chmod } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listAgents } from "../helpers/judged-mirror.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startNginx, type Nginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const nginx = peer("nginx");

const TREE = {
  releases: ["2.9.60", "3.6.26", "3.6.27"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
} satisfies Parameters<typeof startUpstream>[0];

interface IndexJson {
  readonly index: Readonly<Record<string, { readonly path: string }>>;
}

interface ProductsJson {
  readonly products: Readonly<
    Record<
      string,
      { readonly versions: Readonly<Record<string, { readonly items: Readonly<Record<string, ItemJson>> }>> }
    >
  >;
}

interface ItemJson {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  expect(response.headers.get("content-type")).toBe("application/json");
  return await response.json();
}

/** Reads as a client does: index, product files, tarballs; every one of them has to be what the one before said. */
async function readLikeAClient(
  base: string,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const { index } = (await fetchJson(`${base}/streams/v1/index2.json`)) as IndexJson;
  await between();
  const files = await Promise.all(
    Object.values(index).map(async ({ path }) => (await fetchJson(`${base}/${path}`)) as ProductsJson),
  );
  await between();
  const items = files
    .flatMap(({ products }) => Object.values(products))
    .flatMap(({ versions }) => Object.values(versions))
    .flatMap((version) => Object.values(version.items));
  const wanted = new Map(items.map((item) => [item.path, item]));
  for (const { path, size, sha256 } of wanted.values()) {
    const response = await fetch(`${base}/${path}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get("content-type");
    expect({ path, status: response.status, type }).toEqual({
      path,
      status: 200,
      type: "application/x-gzip",
    });
    expect(response.headers.get("content-encoding")).toBeNull();
    expect([bytes.length, createHash("sha256").update(bytes).digest("hex")]).toEqual([size, sha256]);
  }
  return [...wanted.keys()];
}

describe.skipIf(nginx.isMissing)(`nginx on the data directory${nginx.note}`, () => {
  let upstream: TestUpstream;
  let mirror: TestMirror;
  let server: Nginx;

  beforeAll(async () => {
    upstream = await startUpstream(TREE);
    mirror = await temporaryMirror(upstream, { select: [{ stream: "*" }] });
    // nginx reads as a user of its own, whom only the test's folder keeps out.
    await chmod(mirror.folder, 0o755);
    expect(await mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
    server = await startNginx(mirror.data);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await mirror[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  test("serves the index, product files and tarballs, each as what Juju wants it to be", async () => {
    const paths = await readLikeAClient(`${server.url}/tools`);
    expect(new Set(paths)).toEqual(new Set((await listAgents(mirror)).map(({ path }) => path)));
  });

  test("serves parts of a tarball, and knows one that has not changed", async () => {
    const [path = ""] = await readLikeAClient(`${server.url}/tools`);
    const url = `${server.url}/tools/${path}`;
    const part = await fetch(url, { headers: { Range: "bytes=10-19" } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
    const known = await fetch(url, { headers: { "If-None-Match": part.headers.get("etag") ?? "" } });
    expect(known.status).toBe(304);
  });

  test.for([
    "/tools/streams/v1/index2.sjson",
    "/tools/streams/v1/index.sjson",
    "/tools/streams/v1/com.ubuntu.juju-released-agents.sjson",
    "/tools/streams/v1/mirrors.json",
    "/tools/streams/v1/mirrors.sjson",
    "/tools/agent/9.9.9/juju-9.9.9-linux-amd64.tgz",
    "/upstream/tools/streams/v1/index2.sjson",
    "/",
    "/snapshots/",
    "/refs/mirror/tools/streams/v1/index2.json",
    "/lock.db",
  ])("answers %s with 404", async (path) => {
    expect((await fetch(`${server.url}${path}`, { redirect: "manual" })).status).toBe(404);
  });

  test("shows no content of a folder", async () => {
    for (const path of ["/tools/", "/tools/agent/", "/tools/streams/v1/"]) {
      expect((await fetch(`${server.url}${path}`)).status, path).toBe(403);
    }
  });

  test("lets a client go on with what it read before a sync published, and shows the new state at once", async () => {
    const base = `${server.url}/tools`;
    const before = await readLikeAClient(base);
    const [withdrawn, added] = ["3.6.26", "3.6.28"];
    await mirror.configure({ deny: [{ version: withdrawn }] });
    upstream.publish(
      await buildSampleTree({ ...TREE, releases: [...TREE.releases, added], key: upstream.tree.key }),
    );
    const during = await readLikeAClient(base, async () => {
      expect((await mirror.jam("sync", "--quiet")).status).toBe(0);
    });
    expect(during).toEqual(before);
    const after = await readLikeAClient(base);
    expect(after.filter((path) => path.includes(added))).toHaveLength(TREE.arches.length);
    expect(after.filter((path) => path.includes(withdrawn))).toEqual([]);
  });

  test("never shows a client two states at once while syncs publish one after the other", async () => {
    const base = `${server.url}/tools`;
    const read = async () => (await readLikeAClient(base)).join(" ");
    const seen = new Set<string>();
    const settled = new Set([await read()]);
    for (const denied of ["2.9.60", "3.6.27", "2.9.60", "3.6.27"]) {
      await mirror.configure({ deny: [{ version: denied }] });
      const progress = { isOver: false };
      const syncing = mirror.jam("sync", "--quiet").finally(() => (progress.isOver = true));
      while (!progress.isOver) seen.add(await read());
      expect((await syncing).status).toBe(0);
      settled.add(await read());
    }
    expect([...seen].filter((state) => !settled.has(state))).toEqual([]);
    expect(settled.size).toBe(3);
  });
});
