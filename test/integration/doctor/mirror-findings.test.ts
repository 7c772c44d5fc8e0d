/** What `jam doctor` finds in the mirror, in the fleet and in the words of curl, each provoked by a real server or program. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile, rename, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { askDoctor } from "../../helpers/doctor.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startNginx } from "../../helpers/nginx.ts";
import { peer } from "../../helpers/peers.ts";
import { startServe } from "../../helpers/running-jam.ts";
import { itemPath, localhostTls, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const curl = peer("curl");
const nginx = peer("nginx");

/** As Juju's clients introduce themselves. */
const GO = { "user-agent": "Go-http-client/1.1", "accept-encoding": "gzip" };

let upstream: TestUpstream;
let mirror: TestMirror;

beforeEach(async () => {
  upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
});
afterEach(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** What `jam serve` logs while this is requested as Juju does. */
async function logOf(...paths: readonly string[]): Promise<string> {
  await using server = await startServe(mirror.folder);
  for (const path of paths) await (await fetch(`${server.url}/${path}`, { headers: GO })).arrayBuffer();
  await pause(100);
  return server.log();
}

const INDEX = "tools/streams/v1/index2.json";

test("a tarball that the server found damaged, by its log and by the mirror", async () => {
  const path = itemPath(upstream, "3.6.27");
  const sha256 = upstream.tree.items.get(path)?.sha256 ?? "";
  const blob = join(mirror.data, "blobs/sha256", sha256.slice(0, 2), sha256);
  await makeWritable(blob);
  await flipByteQuietly(blob, 100);
  const log = await logOf(INDEX, `tools/${path}`);
  const found = await askDoctor(mirror, { "r.log": log }, "r.log");
  expect(found.status).toBe(3);
  const places = found.of("tarballs-damaged").map(({ where }) => where);
  expect(places).toEqual(expect.arrayContaining([mirror.data, expect.stringMatching(/^r\.log:/)]));
  expect(found.of("tarballs-damaged").some(({ found: text }) => text.includes("3.6.27"))).toBe(true);
});

test("trouble that the server itself reports", async () => {
  await mirror.configure({ mode: "cache", cache: { quota: "1KiB" }, select: [{ stream: "proposed" }] });
  await using more = await startUpstream({ releases: ["3.6.28"], streams: ["proposed"], arches: ["amd64"] });
  await mirror.configure({ upstreams: [{ name: "more", url: more.url, keyring: "none" }] });
  const log = await logOf(`tools/${itemPath(more, "3.6.28")}`);
  const found = await askDoctor(mirror, { "r.log": log }, "r.log");
  expect(found.of("server-trouble"), log).toEqual([
    expect.objectContaining({ found: expect.stringContaining("without being stored") }),
  ]);
});

test("a mirror that cannot be read is not known, and the log is read all the same", async () => {
  const log = await logOf(INDEX, "tools/tools/streams/v1/index2.json");
  const [snapshot = ""] = readdirSync(join(mirror.data, "snapshots"));
  await makeWritable(join(mirror.data, "snapshots", snapshot));
  await truncate(join(mirror.data, "snapshots", snapshot), 20);
  const found = await askDoctor(mirror, { "r.log": log }, "r.log");
  expect(found.wrong).toEqual(["address-doubled", "mirror-unread"]);
  expect(found.of("mirror-unread")).toEqual([expect.objectContaining({ severity: "unknown" })]);
});

test("a fleet of which a part cannot be read, and a controller whose address no file has", async () => {
  const log = await logOf(INDEX);
  const controllers = {
    prod: { details: { uuid: "9b4b4f57-2bb0-4b24-8d8f-3f6b3a1b0f10", "agent-version": "3.6.5" } },
    lab: { details: "none" },
  };
  const files = { "r.log": log, "controllers.json": JSON.stringify(controllers) };
  const found = await askDoctor(mirror, files, "r.log", "--fleet", "controllers.json");
  expect(found.of("controller-not-told")).toEqual([expect.objectContaining({ controller: "prod" })]);
  expect(found.of("fleet-unread")).toEqual([
    expect.objectContaining({ severity: "unknown", where: expect.stringContaining("controllers.json") }),
  ]);
});

describe.skipIf(nginx.isMissing)(`nginx${nginx.note}`, () => {
  test("that finds no index where clients look for it", async () => {
    await chmod(mirror.folder, 0o755);
    const accessLog = join(mirror.folder, "access.log");
    await rename(join(mirror.data, "tools"), join(mirror.data, "elsewhere"));
    await using server = await startNginx(mirror.data, { accessLog });
    const answer = await fetch(`${server.url}/${INDEX}`, { headers: GO });
    expect(answer.status).toBe(404);
    const found = await askDoctor(mirror, {}, "access.log");
    expect(found.of("index-missing")).toEqual([expect.objectContaining({ severity: "problem" })]);
    expect(await readFile(accessLog, "utf8")).toContain("index2.json");
  });
});

/** What curl says on standard error. */
function curlSays(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile("curl", ["-sS", "-m", "5", "-o", "/dev/null", ...args], (_error, _stdout, stderr) =>
      resolve(stderr),
    );
  });
}

describe.skipIf(curl.isMissing)(`curl${curl.note}`, () => {
  test("that cannot agree on TLS with the server", async () => {
    const { certFile } = localhostTls();
    const [cert, key] = await Promise.all([readFile(certFile), readFile(certFile.replace(/crt$/, "key"))]);
    const server = createServer({ cert, key, minVersion: "TLSv1.3" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const words = await curlSays("--tls-max", "1.2", `https://127.0.0.1:${port}/tools`);
    server.close();
    const { wrong } = await askDoctor(mirror, { "j.txt": words }, "--juju", "j.txt");
    expect(wrong, words).toContain("tls-failed");
  });

  test("that asks for what only scanners ask for", async () => {
    await using server = await startServe(mirror.folder);
    for (const path of ["wp-login.php", ".env", "tools/streams/v1/index2.json"])
      await curlSays(`${server.url}/${path}`);
    await pause(100);
    await writeFile(join(mirror.folder, "r.log"), server.log());
    const found = await askDoctor(mirror, {}, "r.log");
    expect(found.of("not-juju")).not.toEqual([]);
  });
});
