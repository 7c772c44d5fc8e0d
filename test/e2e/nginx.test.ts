/** The data directory as it lies under nginx, with the configuration that docs/guides/point-a-controller.md shows. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildInterop } from "../helpers/interop.ts";
import { runProcess, temporaryFolder } from "../helpers/jam-process.ts";
import { complaintsOf, foundBy, listedFor, type ListedAgent } from "../helpers/judged-mirror.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const PAGE = resolve(import.meta.dirname, "../../docs/guides/point-a-controller.md");

const TREE = {
  releases: ["2.9.60", "3.6.26", "3.6.27"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
} satisfies Parameters<typeof startUpstream>[0];

/** Debian keeps it where only root's PATH looks. */
async function findNginx(): Promise<string | undefined> {
  for (const path of ["/usr/sbin/nginx", "nginx"]) {
    const found = await runProcess(path, ["-v"]).catch(() => undefined);
    if (found?.status === 0) return path;
  }
  return undefined;
}
const nginx = await findNginx();
if (nginx === undefined)
  process.stderr.write("nginx is not installed: the data directory was not tried under it.\n");

/** The page's server block, with this listen address and this root. Throws where the page has changed. */
async function readServerBlock(listen: string, root: string): Promise<string> {
  const text = await readFile(PAGE, "utf8");
  const blocks = [...text.matchAll(/^```nginx\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
  const [block = ""] = blocks;
  const settings = { "listen 8080;": `listen ${listen};`, "root /srv/jam/mirror-data;": `root ${root};` };
  for (const words of Object.keys(settings)) {
    if (blocks.length !== 1 || block.split(words).length !== 2) throw new Error(`${PAGE} has no "${words}".`);
  }
  return Object.entries(settings).reduce((rest, [words, own]) => rest.replace(words, own), block);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

interface Nginx extends AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string;
}

/** nginx on `root`; it ends with the scope, and with this process however that ends. */
async function startNginx(root: string): Promise<Nginx> {
  const folder = await temporaryFolder();
  const port = await findFreePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = paths.map((name) => `${name}_temp_path ${folder.path}/${name};`).join("\n  ");
  const config = join(folder.path, "nginx.conf");
  await writeFile(
    config,
    `daemon off;\nworker_processes 1;\npid ${folder.path}/pid;\nerror_log stderr;\nevents {}\nhttp {\n` +
      `  access_log off;\n  ${temporary}\n${await readServerBlock(`127.0.0.1:${port}`, root)}}\n`,
  );
  // The shell ends nginx when its standard input does: at the latest when this process is gone.
  const script = '"$0" -c "$1" & read -r _; kill -TERM $!; wait $!';
  const child = spawn("sh", ["-c", script, nginx ?? "", config], { stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(url).then(
      () => true,
      () => false,
    );
  for (let tries = 0; !(await isUp()); tries += 1) {
    if (tries > 100) throw new Error(`nginx does not answer:\n${errors}`);
    await pause(50);
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function listOf(mirror: TestMirror): Promise<ListedAgent[]> {
  const { stdout } = await mirror.jam("list", "-o", "json");
  return (JSON.parse(stdout) as { agents: ListedAgent[] }).agents;
}

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

describe.skipIf(nginx === undefined)("nginx on the data directory", () => {
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
    expect(new Set(paths)).toEqual(new Set((await listOf(mirror)).map(({ path }) => path)));
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

const interop = nginx === undefined ? undefined : await buildInterop();
const isJudged = interop !== undefined && interop.absent === undefined;

describe.skipIf(!isJudged)("Juju on nginx on the data directory", () => {
  test.for(["3.6", "2.9"] as const)(
    "%s finds what `jam list` says and keeps every tarball",
    async (generation) => {
      await using upstream = await startUpstream();
      await using mirror = await temporaryMirror(upstream);
      await chmod(mirror.folder, 0o755);
      expect(await mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
      await using server = await startNginx(mirror.data);
      const question = { url: `${server.url}/tools`, major: 3, release: "ubuntu", download: true };
      const [answer] = (await interop?.juju(generation).ask([question])) ?? [];
      if (answer === undefined) throw new Error("The program gave no answer.");
      expect(foundBy(answer)).toEqual(listedFor(await listOf(mirror), question));
      expect(answer.found).not.toEqual([]);
      // A plain web server has one type for a file; only the betas of 4.0 ask for the other one.
      expect(complaintsOf(answer).filter((complaint) => !complaint.includes("Juju 4.0 betas"))).toEqual([]);
    },
  );
});
