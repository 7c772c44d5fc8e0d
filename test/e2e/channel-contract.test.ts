/** The rules that Juju needs, on the address of a channel: under `jam serve`, and under nginx with `jam nginx-config`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { serveBehindNginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { walkTree } from "../helpers/published.ts";
import { startServe } from "../helpers/running-jam.ts";
import {
  agedTree,
  itemPath,
  startUpstream,
  type SampleTree,
  type TestUpstream,
} from "../helpers/upstream.ts";

const nginx = peer("nginx");
const FACE = "channel/prod.1-x_y/tools";
const NAME = "prod.1-x_y";
const INDEX = `${FACE}/streams/v1/index2.json`;

const SERVERS = [
  { name: "jam serve", start: startServe, isMissing: false },
  { name: `nginx${nginx.note}`, start: serveBehindNginx, isMissing: nginx.isMissing },
] as const;

for (const { name, start, isMissing } of SERVERS) {
  describe.skipIf(isMissing)(`a channel under ${name}`, () => {
    let trees: SampleTree[];
    let upstream: TestUpstream;
    let mirror: TestMirror;
    let server: { readonly url: string } & AsyncDisposable;
    let tarball: string;

    beforeAll(async () => {
      trees = await Promise.all([agedTree(["3.6.1", "3.6.2"], 2), agedTree(["3.6.1", "3.6.2", "3.6.3"], 1)]);
      upstream = await startUpstream({ tree: trees[0] as SampleTree });
      mirror = await temporaryMirror(upstream);
      await mirror.sync();
      // The server and its configuration are older than the channel.
      server = await start(mirror.folder);
      await run("create", NAME, "--from", "mirror");
      expect((await get(INDEX)).status).toBe(404);
      await run("promote", NAME, "--reason", "first");
      tarball = `${FACE}/${itemPath({ tree: trees[1] as SampleTree }, "3.6.2")}`;
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    });

    const get = (path: string, init: RequestInit = {}) =>
      fetch(`${server.url}/${path}`, { redirect: "manual", ...init });

    async function run(...args: string[]): Promise<void> {
      const { status, stderr } = await mirror.here("channel", ...args);
      expect(status, stderr).toBe(0);
    }

    const read = (path: string) =>
      get(`${FACE}/${path}`).then(async (response) =>
        response.status === 404 ? undefined : Buffer.from(await response.arrayBuffer()),
      );

    test("index and product files lead to every tarball", async () => {
      const { agents, items } = await walkTree(read);
      expect(agents).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
      for (const { path } of items) expect((await get(`${FACE}/${path}`)).status).toBe(200);
    });

    test.for([
      ["*/*", "application/x-gzip"],
      ["application/gzip", "application/gzip"],
      ["application/x-gzip,application/gzip", "application/x-gzip"],
    ] as const)("a tarball requested with Accept %s is %s, never compressed", async ([accept, type]) => {
      for (const method of ["GET", "HEAD"]) {
        const { status, headers } = await get(tarball, {
          method,
          headers: { accept, "accept-encoding": "gzip" },
        });
        expect([status, headers.get("content-type"), headers.get("content-encoding")]).toEqual([
          200,
          type,
          null,
        ]);
        expect(headers.get("cache-control")).toContain("no-transform");
      }
      const part = await get(tarball, { headers: { accept, range: "bytes=10-19" } });
      expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
      const known = { accept, "if-none-match": part.headers.get("etag") ?? "" };
      expect((await get(tarball, { headers: known })).status).toBe(304);
    });

    test("documents are JSON that may be compressed, and say how long they may be kept", async () => {
      const response = await get(INDEX);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(response.headers.get("cache-control")).toBe("public, no-cache");
      const { index } = (await response.json()) as { index: Record<string, { path: string }> };
      for (const { path } of Object.values(index)) {
        const product = await get(`${FACE}/${path}`, { headers: { "accept-encoding": "gzip" } });
        expect([product.status, product.headers.get("content-type")]).toEqual([200, "application/json"]);
        expect(product.headers.get("content-encoding")).toBe("gzip");
        expect(product.headers.get("cache-control")).toContain("immutable");
      }
    });

    test.for([
      `${FACE}/streams/v1/index2.sjson`,
      `${FACE}/streams/v1/index.sjson`,
      `${FACE}/streams/v1/com.ubuntu.juju-released-agents.sjson`,
      `${FACE}/streams/v1/mirrors.json`,
      `${FACE}/streams/v1/cpc-mirrors.sjson`,
      `${FACE}/agent/9.9.9/juju-9.9.9-linux-amd64.tgz`,
      `${FACE}/`,
      FACE,
      `${FACE}/streams`,
      `${FACE}/streams/v1/`,
      `${FACE}/agent`,
      `${FACE}/%2e%2e/%2e%2e/format`,
      `channel/${NAME}`,
      `channel/${NAME}/format`,
      `channel/${NAME}/tools//streams/v1/index2.json`,
      "channel/",
      "channel",
      "channel/nowhere/tools/streams/v1/index2.json",
      "channel/mirror/tools/streams/v1/index2.json",
      "channel/../tools/format",
      `channels/${NAME}/tools/streams/v1/index2.json`,
      `as-application-gzip/channels/${NAME}/tools/streams/v1/index2.json`,
    ])("%s is answered with 404 and a small body", async (path) => {
      for (const accept of ["*/*", "application/gzip"]) {
        const response = await get(path, { headers: { accept } });
        expect(response.status).toBe(404);
        expect(((await response.json()) as { code: string }).code).toMatch(/^JAM_.*NOT_FOUND$/);
      }
    });

    test.for(["POST", "PUT", "DELETE"])("%s is refused", async (method) => {
      for (const path of [INDEX, tarball]) {
        const response = await get(path, { method });
        expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
        await response.arrayBuffer();
      }
    });

    test("a promotion shows at once, and leaves what the old index named; a withdrawal does not", async () => {
      upstream.publish(trees[1] as SampleTree);
      await mirror.sync();
      const old = await read("streams/v1/index2.json");
      await run("promote", NAME, "--reason", "next");
      expect((await walkTree(read)).agents).toContain("3.6.3-ubuntu-amd64");
      const before = await walkTree(async (path) => (path.endsWith("index2.json") ? old : read(path)));
      expect(before.agents).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
      await run("withdraw", NAME, "3.6.2", "--reason", "CVE");
      expect((await walkTree(read)).agents).toEqual(["3.6.1-ubuntu-amd64", "3.6.3-ubuntu-amd64"]);
      for (const accept of ["*/*", "application/gzip"])
        expect((await get(tarball, { headers: { accept } })).status).toBe(404);
      expect((await get(tarball.replace(FACE, "tools"))).status).toBe(200);
      const { status, stdout } = await mirror.here("verify", "--url", `${server.url}/${FACE}`, "--deep");
      expect(status, stdout).toBe(0);
    });
  });
}
