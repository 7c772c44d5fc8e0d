/** The rules that a mirror has to keep so that Juju of every generation can use it, one by one, on `jam serve` and on nginx before it. */
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { folderTree, walkTree, type Published } from "../helpers/published.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { serveBehindNginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { startServe, type ServeProcess } from "../helpers/running-jam.ts";
import {
  buildSampleTree,
  itemPath,
  startUpstream,
  withSignatureFault,
  type SampleTree,
  type TestUpstream,
} from "../helpers/upstream.ts";

const INDEX2 = "streams/v1/index2.json";
const RELEASES = ["1.25.13", "2.0-beta7", "2.8.13", "2.9.60", "3.6.26", "3.6.27", "4.0.15"];

function treeOf(hoursAgo: number, releases: readonly string[]): Promise<SampleTree> {
  const now = new Date(Date.now() - hoursAgo * 3_600_000);
  return buildSampleTree({ releases, arches: ["amd64", "arm64"], oses: ["ubuntu"], now });
}

interface Setup {
  readonly upstream: TestUpstream;
  readonly mirror: TestMirror;
  readonly server: Pick<ServeProcess, "url"> & AsyncDisposable;
}

interface IndexJson {
  readonly index: Record<string, { readonly path: string; readonly products: string[] }>;
}

interface ProductJson {
  readonly content_id: string;
  readonly products: Record<
    string,
    { versions: Record<string, { items: Record<string, Record<string, unknown>> }> }
  >;
}

const nginx = peer("nginx");

const SERVERS = [
  { name: "jam serve", start: startServe, isMissing: false },
  {
    name: `nginx as jam nginx-config has it${nginx.note}`,
    start: serveBehindNginx,
    isMissing: nginx.isMissing,
  },
] as const;

for (const { name, start, isMissing } of SERVERS) {
  describe.skipIf(isMissing)(name, () => {
    const stack = new AsyncDisposableStack();
    let tree: SampleTree;
    let next: SampleTree;
    /** Everything but 3.6.26: what is listed upstream is not all here. */
    let filtered: Setup;
    /** All that upstream has. */
    let complete: Setup;

    beforeAll(async () => {
      [tree, next] = await Promise.all([treeOf(3, RELEASES), treeOf(1, [...RELEASES, "3.6.28"])]);
      const select = [{ stream: "*", prereleases: true }];
      filtered = await setUp({ select, deny: [{ version: "3.6.26" }] });
      complete = await setUp({ select });
    });

    afterAll(() => stack.disposeAsync());

    async function setUp(settings: Parameters<typeof temporaryMirror>[1]): Promise<Setup> {
      const upstream = stack.use(await startUpstream({ tree }));
      const mirror = stack.use(await temporaryMirror(upstream, settings));
      expect((await mirror.sync()).outcome).toBe("updated");
      return { upstream, mirror, server: stack.use(await start(mirror.folder)) };
    }

    const get = ({ server }: Setup, path: string, headers: Record<string, string> = {}) =>
      fetch(`${server.url}/${path}`, { redirect: "manual", headers });

    async function getJson<T = IndexJson>(setup: Setup, path: string): Promise<T> {
      const response = await get(setup, path);
      expect(response.status, path).toBe(200);
      return (await response.json()) as T;
    }

    /** Everything that the server offers, from the index to the last byte of each tarball. */
    function walk({ server }: Pick<Setup, "server">, face = "tools"): Promise<Published> {
      return walkTree(async (path) => {
        const response = await fetch(`${server.url}/${face}/${path}`);
        return response.status === 404 ? undefined : Buffer.from(await response.arrayBuffer());
      });
    }

    test("rule 1: unsigned index2.json and product files lead to every agent", async () => {
      const index = await getJson(filtered, `tools/${INDEX2}`);
      expect(Object.values(index.index).every(({ path }) => path.endsWith(".json"))).toBe(true);
      const { agents } = await walk(filtered);
      expect(agents).toEqual(expect.arrayContaining(["1.25.13-xenial-amd64", "3.6.27-ubuntu-arm64"]));
    });

    test("rule 2: a filtered mirror has no signed document; a complete one has upstream's bytes on a face of their own", async () => {
      const signed = [...tree.documents.keys()].filter(
        (path) => path.endsWith(".sjson") && !path.includes("mirrors"),
      );
      for (const path of signed) {
        for (const setup of [filtered, complete])
          expect((await get(setup, `tools/${path}`)).status, path).toBe(404);
        expect((await get(filtered, `upstream/tools/${path}`)).status, path).toBe(404);
      }
      for (const name of ["index2", "com.ubuntu.juju-released-agents"]) {
        const response = await get(complete, `upstream/tools/streams/v1/${name}.sjson`);
        expect(await response.text()).toBe(tree.text(`streams/v1/${name}.sjson`));
      }
    });

    test.for([
      "tools/streams/v1/nothing.json",
      "tools/agent/9.9.9/juju-9.9.9-linux-amd64.tgz",
      "tools",
      "favicon.ico",
    ])("rule 3: %s is missing and answered with 404", async (path) => {
      const response = await get(filtered, path);
      expect(response.status).toBe(404);
      expect((await response.arrayBuffer()).byteLength).toBeLessThan(500);
    });

    test.for([
      [undefined, "application/x-gzip"],
      ["*/*", "application/x-gzip"],
      ["application/gzip", "application/gzip"],
      ["application/x-gzip", "application/x-gzip"],
      ["application/x-gzip,application/gzip", "application/x-gzip"],
    ] as const)(
      "rule 4: a tarball asked for with Accept %s is %s, without parameters or coding",
      async ([accept, type]) => {
        const path = `tools/${itemPath({ tree }, "4.0.15")}`;
        const response = await get(filtered, path, {
          "accept-encoding": "gzip",
          ...(accept === undefined ? {} : { accept }),
        });
        expect(response.headers.get("content-type")).toBe(type);
        expect(response.headers.get("content-encoding")).toBeNull();
      },
    );

    test("rule 5: no tarball is a redirect", async () => {
      const { items } = await walk(filtered);
      for (const path of new Set(items.map((item) => item.path))) {
        expect((await get(filtered, `tools/${path}`)).status, path).toBe(200);
      }
    });

    test("rule 6: upstream's mirrors files are not passed on", async () => {
      for (const name of ["mirrors", "cpc-mirrors"]) {
        for (const suffix of ["json", "sjson"]) {
          expect(tree.documents.has(`streams/v1/${name}.${suffix}`)).toBe(true);
          for (const face of ["tools", "upstream/tools"]) {
            expect((await get(complete, `${face}/streams/v1/${name}.${suffix}`)).status).toBe(404);
          }
        }
      }
    });

    test("rule 7: tools by series and agents by OS type, and what clients up to 1.20 can read under their names", async () => {
      const { index } = await getJson(filtered, `tools/${INDEX2}`);
      expect(index["com.ubuntu.juju:released:agents"]?.products).toContain("com.ubuntu.juju:ubuntu:amd64");
      expect(index["com.ubuntu.juju:released:tools"]?.products).toContain("com.ubuntu.juju:16.04:amd64");
      const legacy = await getJson(filtered, "tools/streams/v1/index.json");
      expect(Object.keys(legacy.index)).toEqual(["com.ubuntu.juju:released:tools"]);
      const named = await getJson<ProductJson>(
        filtered,
        "tools/streams/v1/com.ubuntu.juju:released:tools.json",
      );
      const names = Object.values(named.products).flatMap(({ versions }) =>
        Object.values(versions).flatMap(({ items }) => Object.keys(items)),
      );
      expect(names).toContain("1.25.13-xenial-amd64");
      expect(names.filter((name) => /beta|rc|alpha/.test(name))).toEqual([]);
    });

    test("rule 8: every item carries path, size, sha256, md5 and ftype itself", async () => {
      const { index } = await getJson(filtered, `tools/${INDEX2}`);
      for (const { path } of Object.values(index)) {
        const { products } = await getJson<ProductJson>(filtered, `tools/${path}`);
        for (const { versions } of Object.values(products)) {
          for (const { items } of Object.values(versions)) {
            for (const item of Object.values(items)) {
              expect(item).toMatchObject({
                path: expect.stringMatching(/\.tgz$/),
                size: expect.any(Number),
                sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
                md5: expect.stringMatching(/^[0-9a-f]{32}$/),
                ftype: "tar.gz",
              });
            }
          }
        }
      }
    });

    test("rule 9: only what is held is listed, product ids agree, and no content id is empty", async () => {
      const upstream = stack.use(await startUpstream({ tree }));
      const mirror = stack.use(
        await temporaryMirror(upstream, { select: [{ stream: "released", versions: ">=3.6" }] }),
      );
      upstream.fault(itemPath({ tree }, "3.6.27", "arm64"), { kind: "status", status: 404 });
      expect((await mirror.sync()).outcome).toBe("partial");
      await using server = await start(mirror.folder);
      const { agents } = await walk({ server });
      expect(agents).toContain("3.6.27-ubuntu-amd64");
      expect(agents).not.toContain("3.6.27-ubuntu-arm64");
      const { index } = (await (await fetch(`${server.url}/tools/${INDEX2}`)).json()) as IndexJson;
      expect(Object.keys(index)).toEqual(["com.ubuntu.juju:released:agents"]);
      expect(Object.values(index).every(({ products }) => products.length > 0)).toBe(true);
    });

    test("rule 10: whoever read the index before a publication finds all it lists afterwards", async () => {
      const upstream = stack.use(await startUpstream({ tree }));
      const select = [{ stream: "released", versions: ">=3.6", keep: 1 }];
      const mirror = stack.use(await temporaryMirror(upstream, { select }));
      await mirror.sync();
      await using server = await start(mirror.folder);
      const index = Buffer.from(await (await fetch(`${server.url}/tools/${INDEX2}`)).arrayBuffer());
      upstream.publish(next);
      await mirror.sync();
      const disk = folderTree(join(mirror.data, "tools"));
      const readings = [
        disk,
        async (path: string) => Buffer.from(await (await fetch(`${server.url}/tools/${path}`)).arrayBuffer()),
      ];
      for (const read of readings) {
        const held = await walkTree(async (path) => (path === INDEX2 ? index : read(path)), [INDEX2]);
        expect(held.agents).toContain("3.6.27-ubuntu-amd64");
        expect((await walkTree(read, [INDEX2])).agents).toContain("3.6.28-ubuntu-amd64");
      }
    });

    test("rule 11: paths are upstream's, whatever their style, relative, and one tarball is held once", async () => {
      const { items } = await walk(filtered);
      const upstreamPaths = new Set(tree.listings.map(({ item }) => item.path));
      for (const { path } of items) expect(upstreamPaths).toContain(path);
      expect(new Set(items.map(({ path }) => path.replaceAll(/\d+/g, "N"))).size).toBeGreaterThan(2);
      expect(items.every(({ path }) => !path.startsWith("/") && !path.includes(".."))).toBe(true);
      const blobs = await readdir(join(filtered.mirror.data, "blobs/sha256"), { recursive: true });
      const held = blobs.filter((name) => name.includes("/"));
      expect(held).toHaveLength(new Set(items.map(({ sha256 }) => sha256)).size);
      expect(held.length).toBeLessThan(items.length);
    });

    test("rule 12: plain HTTP is enough, nothing leads to another scheme or host", async () => {
      expect(filtered.server.url).toMatch(/^http:/);
      const response = await get(filtered, `tools/${INDEX2}`);
      expect(response.headers.get("strict-transport-security")).toBeNull();
      expect(await response.text()).not.toMatch(/https?:/);
    });

    test("rule 13: while a sync hangs the last snapshot is served, quickly", async () => {
      const upstream = stack.use(await startUpstream({ tree }));
      const mirror = stack.use(await temporaryMirror(upstream));
      await mirror.sync();
      await using server = await start(mirror.folder);
      const before = await walk({ server });
      upstream.publish(next);
      upstream.fault(/tgz$/, { kind: "stall", at: 10 });
      const sync = mirror.start(["sync", "--quiet"]);
      while (!upstream.requests.some((request) => request.includes("3.6.28")))
        await fetch(`${server.url}/healthz`);
      const started = performance.now();
      expect((await walk({ server })).fingerprint).toBe(before.fingerprint);
      expect(performance.now() - started).toBeLessThan(3000);
      sync.kill("SIGKILL");
      await sync.finished;
    });

    test("rule 14: the data directory works as it lies, below any plain web server and as a folder", async () => {
      const { mirror } = filtered;
      const read = folderTree(mirror.data);
      const plain = createServer((request, response) => {
        void read(decodeURIComponent(request.url ?? "")).then((bytes) =>
          response.writeHead(bytes ? 200 : 404).end(bytes),
        );
      });
      await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
      const overHttp = await walk({ server: { url, [Symbol.asyncDispose]: async () => undefined } });
      plain.closeAllConnections();
      plain.close();
      const asFolder = await mirror.published();
      expect(overHttp).toEqual(asFolder);
      expect(await walk(filtered)).toEqual(asFolder);
    });

    test("rule 15: what is unsigned, downgraded or badly versioned is not published, and the proof is kept", async () => {
      const upstream = stack.use(await startUpstream({ tree }));
      const mirror = stack.use(await temporaryMirror(upstream, { fetch: { retries: 0 } }));
      await mirror.sync();
      const { fingerprint } = await mirror.published();
      const agents = "streams/v1/com.ubuntu.juju-released-agents.json";
      for (const [bad, status] of [
        [await withSignatureFault(next, INDEX2, "unsigned"), 4],
        [await withSignatureFault(next, agents, "foreign-key"), 4],
        [await withSignatureFault(next, INDEX2, "missing"), 9],
        [await treeOf(9, RELEASES), 4],
      ] as const) {
        upstream.publish(bad);
        expect((await mirror.jam("sync", "--quiet")).status).toBe(status);
        expect((await mirror.published()).fingerprint).toBe(fingerprint);
      }
      upstream.publish(
        await next.withEdited(agents, (document) => {
          for (const { versions } of Object.values(document.products)) {
            for (const { items } of Object.values(versions)) {
              for (const [name, item] of Object.entries(items))
                if (name.startsWith("3.6.28")) item["version"] = "3.6.28.x";
            }
          }
        }),
      );
      const report = await mirror.sync();
      expect(report.failed.map(({ code }) => code)).toEqual(["JAM_ITEM_REFUSED", "JAM_ITEM_REFUSED"]);
      expect((await mirror.published()).agents.join()).not.toContain("3.6.28");
      const snapshot = JSON.parse(
        await readFile(join(mirror.data, "snapshots", `${report.snapshot}.json`), "utf8"),
      ) as { upstream: { documents: { path: string; sha256: string }[] } };
      const [{ path, sha256 }] = snapshot.upstream.documents as [{ path: string; sha256: string }];
      expect(await readFile(join(mirror.data, "upstream", sha256), "utf8")).toBe(tree.text(path));
    });
  });
}
