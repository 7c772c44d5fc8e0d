/** `jam doctor` on the logs of real servers, after requests of real programs. */
import { execFile } from "node:child_process";
import { appendFile, chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApache } from "../../helpers/apache.ts";
import { askDoctor } from "../../helpers/doctor.ts";
import { judge, judgedMirror, type JudgedMirror } from "../../helpers/judged-mirror.ts";
import { startNginx, startNginxWith } from "../../helpers/nginx.ts";
import { clockWords, peer } from "../../helpers/peers.ts";
import { startServe } from "../../helpers/running-jam.ts";
import { startUpstream, itemPath, type TestUpstream } from "../../helpers/upstream.ts";

const nginx = peer("nginx");
const apache = peer("apache");
const curl = peer("curl");
const faketime = peer("faketime");

/** What curl says on standard error. */
function curlSays(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile("curl", ["-sSf", "-m", "5", "-o", "/dev/null", ...args], (_error, _stdout, stderr) =>
      resolve(stderr),
    );
  });
}

/** As Juju's clients introduce themselves. */
const GO = { "user-agent": "Go-http-client/1.1", "accept-encoding": "gzip" };

const readIndex = (url: string) => fetch(`${url}/tools/streams/v1/index2.json`, { headers: GO });

describe.skipIf(curl.isMissing)(`jam doctor on the logs of servers${curl.note}`, () => {
  let upstream: TestUpstream;
  let mirror: JudgedMirror;
  let tarball: string;

  beforeAll(async () => {
    upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"] });
    mirror = await judgedMirror(upstream, {
      select: [{ stream: "released", versions: "3.6.27", arch: ["amd64"] }],
    });
    await chmod(mirror.mirror.folder, 0o755);
    tarball = itemPath(upstream, "3.6.27");
  });
  afterAll(async () => {
    await mirror[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  /** What `jam serve` logs meanwhile. */
  async function logOf(action: () => Promise<unknown>): Promise<string> {
    const before = mirror.log().length;
    await action();
    await pause(100);
    return mirror.log().slice(before);
  }
  const ask = (files: Readonly<Record<string, string | Uint8Array>>, ...args: readonly string[]) =>
    askDoctor(mirror.mirror, files, ...args);

  /** A look-up at nginx whose clock is off. */
  async function lookUpAt(clock: string): Promise<string> {
    const name = `clock${clock}.log`;
    const accessLog = join(mirror.mirror.folder, name);
    await using server = await startNginx(mirror.mirror.data, { accessLog, clock });
    const index = `${server.url}/tools/streams/v1/index2.json`;
    const text = await (await fetch(index, { headers: GO })).text();
    const [path = ""] = /streams\/v1\/[^"/]+\/[^"]+agents\.json/.exec(text) ?? [];
    await fetch(`${server.url}/tools/${path}`, { headers: GO });
    const found = await ask({}, "--url", `${server.url}/tools`);
    expect(found.of("clock-server")).toEqual([expect.objectContaining({ severity: "problem" })]);
    return name;
  }

  /** nginx that passes everything on to `jam serve`. */
  const passing = (more: string) => (listen: string) =>
    `server { listen ${listen}; location / { proxy_pass ${mirror.url}; ${more} } }`;

  test("a new machine that asks for a version that is not held is named, with how to get it", async () => {
    const path = tarball.replaceAll("3.6.27", "3.6.26");
    let words = "";
    const log = await logOf(async () => (words = await curlSays(`${mirror.url}/tools/${path}`)));
    const found = await ask(
      { "r.log": log, "cloud-init-output.log": words },
      "r.log",
      "--juju",
      "cloud-init-output.log",
    );
    expect(found.of("agent-not-held")).toHaveLength(2);
    expect(found.of("agent-not-held")[0]).toMatchObject({
      version: "3.6.26",
      arch: "amd64",
      where: "r.log:1",
    });
    expect(found.of("agent-not-held")[0]?.next).toMatch(/jam sync.*select.*3\.6\.26/s);
    expect(found.status).toBe(3);
  });

  test("a port that is asked for TLS says so in its own log, and curl on the machine", async () => {
    let words = "";
    const url = mirror.url.replace("http:", "https:");
    const log = await logOf(async () => (words = await curlSays(`${url}/tools/${tarball}`)));
    const found = await ask({ "r.log": log, "j.txt": words }, "r.log", "--juju", "j.txt");
    expect(found.of("tls-mixed").map(({ where }) => where)).toEqual(["r.log:1", "j.txt:1"]);
  });

  test("a server that is taken for a proxy says by whom", async () => {
    const log = await logOf(() =>
      curlSays("-x", mirror.url, "http://elsewhere.example/tools/streams/v1/index2.json"),
    );
    const found = await ask({ "r.log": log }, "r.log");
    expect(found.of("proxy-forward")[0]?.next).toContain("http-proxy");
  });

  test("a clock that was set is told from lines in order", async () => {
    const log = await logOf(() => fetch(`${mirror.url}/tools/streams/v1/index2.json`, { headers: GO }));
    const earlier = log.replaceAll(/"time":"\d{4}/g, '"time":"2020');
    const later = log.replaceAll(/"time":"\d{4}/g, '"time":"2099');
    expect((await ask({ "r.log": log }, "r.log")).document.checks).toContainEqual(
      expect.objectContaining({ id: "clock", status: "ok" }),
    );
    expect((await ask({ "r.log": log + earlier }, "r.log")).wrong).toContain("clock-jump");
    expect((await ask({ "r.log": later }, "r.log")).wrong).toContain("clock-log");
  });

  test("a snapshot that was served before it was made shows two clocks that differ", async () => {
    const index = await (await fetch(`${mirror.url}/tools/streams/v1/index2.json`)).text();
    const [path = ""] = /streams\/v1\/[^"/]+\/[^"]+agents\.json/.exec(index) ?? [];
    const log = await logOf(() => fetch(`${mirror.url}/tools/${path}`, { headers: GO }));
    const behind = log.replaceAll(/"time":"([^"]+)"/g, (_all, time: string) => {
      return `"time":"${new Date(Date.parse(time) - 3_600_000).toISOString()}"`;
    });
    expect((await ask({ "r.log": behind }, "r.log")).wrong).toContain("clock-store");
    expect((await ask({ "r.log": log }, "r.log")).wrong).not.toContain("clock-store");
  });

  describe.skipIf(faketime.isMissing || nginx.isMissing)(`clocks${faketime.note}${nginx.note}`, () => {
    test("a web server whose clock is ahead", async () => {
      const found = await ask({}, await lookUpAt("+1h"));
      expect(found.wrong).toContain("clock-log");
    });

    test("a web server whose clock is behind", async () => {
      const found = await ask({}, await lookUpAt("-1h"));
      expect(found.wrong).toContain("clock-store");
    });

    test("a server whose clock was set while it ran", async () => {
      const before = await logOf(() => readIndex(mirror.url));
      await using late = await startServe(mirror.mirror.folder, clockWords("-20m"));
      await readIndex(late.url);
      await pause(100);
      expect((await ask({ "r.log": before + late.log() }, "r.log")).wrong).toContain("clock-jump");
    });
  });

  test("a log in which Juju never comes is a problem when it is long enough to tell", async () => {
    const log = await logOf(() => fetch(`${mirror.url}/metrics`));
    const earlier = log.replaceAll(/"time":"([^"]+)"/g, (_all, time: string) => {
      return `"time":"${new Date(Date.parse(time) - 7 * 3_600_000).toISOString()}"`;
    });
    const fleet = JSON.stringify({
      prod: {
        details: {
          uuid: "9b4b4f57-2bb0-4b24-8d8f-3f6b3a1b0f10",
          "agent-version": "3.6.26",
          "api-endpoints": ["10.9.8.7:17070"],
        },
      },
    });
    const short = await ask({ "r.log": log, "fleet.json": fleet }, "r.log", "--fleet", "fleet.json");
    expect(short.of("never-came")[0]).toMatchObject({
      severity: "unknown",
      found: expect.stringContaining("prod"),
    });
    const long = await ask({ "r.log": earlier + log }, "r.log");
    expect(long.of("never-came")[0]).toMatchObject({ severity: "problem" });
    const other = await logOf(() => fetch(`${mirror.url}/tools/streams/v1/index2.json`, { headers: GO }));
    const found = await ask({ "r.log": earlier + other }, "r.log", "--fleet", "fleet.json");
    expect(found.of("never-came")).toEqual([]);
    expect(found.of("controller-never-came")).toEqual([
      expect.objectContaining({ severity: "problem", controller: "prod" }),
    ]);
    const known = fleet.replace("10.9.8.7", "127.0.0.1");
    const seen = await ask({ "r.log": other, "fleet.json": known }, "r.log", "--fleet", "fleet.json");
    expect(seen.of("controller-never-came")).toEqual([]);
  });

  describe.skipIf(nginx.isMissing)(`nginx${nginx.note}`, () => {
    test("its log, rotated and compressed, is read as one", async () => {
      const accessLog = join(mirror.mirror.folder, "access.log");
      await using server = await startNginx(mirror.mirror.data, { accessLog });
      await fetch(`${server.url}/tools/tools/streams/v1/index2.json`, { headers: GO });
      await curlSays(`${server.url}/tools/${tarball}`);
      await curlSays(server.url.replace("http:", "https:"));
      await server[Symbol.asyncDispose]();
      const log = await readFile(accessLog, "utf8");
      const found = await ask(
        { "access.log.1": log, "access.log.2.gz": gzipSync(log), "access.log.3": zstdCompressSync(log) },
        "access.log",
        "access.log.1",
        "access.log.2.gz",
        "access.log.3",
      );
      expect(found.document.inputs.map(({ format, requests, unread }) => [format, requests, unread])).toEqual(
        Array.from({ length: 4 }, () => ["combined", 3, 0]),
      );
      expect(found.of("address-doubled")[0]).toMatchObject({ count: 4 });
      expect(found.of("tls-mixed")[0]).toMatchObject({ count: 4 });
      expect(found.document.requests).toMatchObject({ downloads: 4 });
    });

    test("one that is in front and hides who asks is named, and is no problem by itself", async () => {
      await using server = await startNginxWith(passing(""));
      const log = await logOf(() => fetch(`${server.url}/tools/streams/v1/index2.json`, { headers: GO }));
      await using second = await startNginxWith(passing("proxy_set_header X-Forwarded-For 192.0.2.7;"));
      const forwarded = await logOf(() =>
        fetch(`${second.url}/tools/streams/v1/index2.json`, { headers: GO }),
      );
      const found = await ask({ "r.log": log + forwarded }, "r.log");
      expect(found.of("proxy-reverse")).toEqual([
        expect.objectContaining({ severity: "note", clients: ["192.0.2.7"] }),
      ]);
    });

    test.for([
      ["server-error", "return 502;"],
      ["request-refused", "return 403;"],
      ["redirected", "return 302 http://127.0.0.1:9/;"],
      ["request-refused", "auth_basic x; auth_basic_user_file /dev/null;"],
    ] as const)("one that answers instead of the mirror: %s by `%s`", async ([kind, rule]) => {
      const accessLog = join(mirror.mirror.folder, "wrong.log");
      await writeFile(accessLog, "");
      const wrong = (listen: string) => `server { listen ${listen}; location / { ${rule} } }`;
      await using server = await startNginxWith(wrong, { accessLog });
      await fetch(`${server.url}/tools/streams/v1/index2.json`, { headers: GO, redirect: "manual" });
      await pause(50);
      const found = await ask({}, "wrong.log");
      expect(found.wrong).toContain(kind);
    });

    test("a download that broke off is named, and one that came later is a note", async () => {
      const accessLog = join(mirror.mirror.folder, "cut.log");
      await writeFile(accessLog, "");
      await using server = await startNginx(mirror.mirror.data, { accessLog });
      const url = `${server.url}/tools/${tarball}`;
      await curlSays(url);
      await pause(50);
      const [line = ""] = (await readFile(accessLog, "utf8")).trimEnd().split("\n");
      const cut = line.replace(/ 200 \d+ /, " 200 17 ");
      expect((await ask({ "r.log": `${cut}\n` }, "r.log")).of("download-broken")[0]).toMatchObject({
        severity: "problem",
      });
      const later = await ask({ "r.log": `${cut}\n${line}\n` }, "r.log");
      expect(later.of("download-broken")[0]).toMatchObject({ severity: "note" });
    });
  });

  describe.skipIf(apache.isMissing)(`Apache${apache.note}`, () => {
    test("its log is read, and the type that it gives tarballs is found", async () => {
      const accessLog = join(mirror.mirror.folder, "apache.log");
      const root = mirror.mirror.data;
      await using server = await startApache(
        () =>
          `DocumentRoot ${root}\n<Directory ${root}>\nOptions FollowSymLinks\nRequire all granted\n</Directory>`,
        { accessLog },
      );
      await curlSays(`${server.url}/tools/${tarball}`);
      await curlSays(`${server.url}/tools/tools/streams/v1/index2.json`);
      const found = await ask({}, "apache.log", "--url", `${server.url}/tools`);
      expect(found.document.inputs).toEqual([
        expect.objectContaining({ format: "combined", unread: 0, requests: 2 }),
      ]);
      expect(found.of("address-doubled")).toHaveLength(1);
      expect(found.of("url-type")).not.toEqual([]);
    });

    test("as a forward proxy it shows in the log of the mirror", async () => {
      const accessLog = join(mirror.mirror.folder, "proxy.log");
      await using proxy = await startApache(
        () => "ProxyRequests On\nProxyVia On\n<Proxy *>\nRequire all granted\n</Proxy>",
        { accessLog },
      );
      const url = `${mirror.url}/tools/streams/v1/index2.json`;
      const log = await logOf(() =>
        curlSays("--noproxy", "", "-x", proxy.url, "-A", "Go-http-client/1.1", url),
      );
      const found = await ask({ "r.log": log }, "r.log");
      expect(found.of("proxy-forward")[0]?.found).toMatch(/Via: 1\.1/);
      expect(found.status).toBe(3);
    });
  });

  test("what jam verify and jam lookup ask is left out, and counted", async () => {
    const url = `${mirror.url}/tools`;
    const log = await logOf(async () => {
      for (let times = 0; times < 4; times += 1) {
        const { status } = await mirror.mirror.here("verify", "--url", url, "--deep");
        expect(status).toBe(0);
      }
      await mirror.mirror.here("lookup", "3.6.27-ubuntu-amd64", "--client", "1.20", "--url", url);
      await readIndex(mirror.url);
    });
    const found = await ask({ "r.log": log }, "r.log");
    const kinds = found.document.findings.map(({ kind }) => kind);
    expect(kinds.filter((kind) => /^(?:client-|download-|many-|not-juju)/.test(kind))).toEqual([]);
    const { total = 0, jam = 0, juju = 0 } = found.document.requests ?? {};
    expect([juju, total - jam]).toEqual([1, 1]);
    expect(jam).toBeGreaterThan(40);
  });

  test("everything is well with requests as they should be", async () => {
    const log = await logOf(async () => {
      for (const path of ["index2.sjson", "index.sjson", "index2.json", "mirrors.json"])
        await fetch(`${mirror.url}/tools/streams/v1/${path}`, { headers: GO });
      await fetch(`${mirror.url}/tools/streams/v1/com.ubuntu.juju-released-agents.json`, { headers: GO });
      await curlSays(`${mirror.url}/tools/${tarball}`);
    });
    const found = await ask({ "r.log": log }, "r.log");
    expect(found.document).toMatchObject({ verdict: "healthy", findings: [] });
    expect(found.status).toBe(0);
    await using other = await judge(mirror.mirror);
    await appendFile(join(mirror.mirror.folder, "r.log"), other.log());
    const since = await ask({}, "r.log", "--since", "2099-01-01");
    expect(since.document.requests).toMatchObject({ total: 0 });
  });
});
