/** What `jam doctor` makes of what Juju's own code asks and says, at a real server. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WordsExamination } from "../../src/doctor/juju/examine-words.ts";
import { askDoctor } from "../helpers/doctor.ts";
import { buildInterop, type InteropQuestion, type JujuGeneration } from "../helpers/interop.ts";
import { judgedMirror, UNREACHABLE, type JudgedMirror } from "../helpers/judged-mirror.ts";
import { startNginx, startNginxWith } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { startProxy } from "../helpers/start-proxy.ts";
import { localhostTls, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const interop = await buildInterop();
const nginx = peer("nginx");

describe.skipIf(interop.isMissing)(`jam doctor and Juju${interop.note}`, () => {
  let upstream: TestUpstream;
  let mirror: JudgedMirror;

  beforeAll(async () => {
    upstream = await startUpstream({ releases: ["2.8.13", "2.9.60", "3.6.26", "3.6.27"] });
    mirror = await judgedMirror(upstream, {
      select: [{ stream: "released", versions: ">=3", arch: ["amd64"] }],
      channels: { prod: { from: "mirror" }, spare: { from: "mirror" } },
    });
    await chmod(mirror.mirror.folder, 0o755);
  });
  afterAll(async () => {
    await mirror[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  /** What Juju asked of `jam serve`, and what it said: its log, and its error as a command prints it. */
  async function hear(
    generation: JujuGeneration,
    question: InteropQuestion,
  ): Promise<{ readonly log: string; readonly words: string }> {
    const before = mirror.log().length;
    const { answer, log } = await interop.juju(generation).hear(question);
    // Lines that come together are written together.
    await pause(100);
    const errors = [answer.error, ...(answer.downloads ?? []).map(({ error }) => error)];
    const words = errors.filter((error) => error !== undefined).map((error) => `ERROR ${error}\n`);
    return { log: mirror.log().slice(before), words: `${log}${words.join("")}` };
  }

  const WANTED = { release: "ubuntu", arch: "amd64", version: "3.6.27" };

  test("finds nothing wrong with a client that gets what it wants", async () => {
    const { log, words } = await hear("3.6", { url: `${mirror.url}/tools`, ...WANTED, download: true });
    const { status, document } = await askDoctor(
      mirror.mirror,
      { "good.log": log, "good.txt": words },
      "good.log",
      "--juju",
      "good.txt",
    );
    // Nothing was promoted to the channels yet, so nobody is expected there.
    expect(document.findings.filter(({ severity }) => severity === "problem")).toEqual([]);
    expect(document.requests).toMatchObject({ lookups: 1, downloads: expect.any(Number), clients: 1 });
    expect(status).toBe(0);
  });

  test.for([
    {
      name: "a version",
      wanted: { ...WANTED, version: "3.6.11" },
      named: { version: "3.6.11", arch: "amd64" },
    },
    {
      name: "an architecture",
      wanted: { ...WANTED, arch: "arm64" },
      named: { version: "3.6.27", arch: "arm64" },
    },
    {
      name: "a beta",
      wanted: { ...WANTED, version: "3.6-beta2" },
      named: { version: "3.6-beta2", arch: "amd64" },
    },
  ])("names $name that is not held, and that Juju went on to the internet", async ({ wanted, named }) => {
    const question = { url: `${mirror.url}/tools`, ...wanted, default: UNREACHABLE };
    const { log, words } = await hear("3.6", question);
    const found = await askDoctor(mirror.mirror, { "r.log": log, "j.txt": words }, "r.log", "j.txt");
    expect(found.status).toBe(3);
    expect(found.wrong).toContain("went-to-internet");
    expect(found.of("went-to-internet")).toEqual([
      expect.objectContaining(named),
      ...found.of("went-to-internet").slice(1),
    ]);
    // The next step knows whether upstream has it.
    expect(found.of("went-to-internet")[0]?.next).toMatch(/Upstream listed|jam sync/);
  });

  test("sees in the request log alone that the index had nothing for a client", async () => {
    const { log } = await hear("3.6", { url: `${mirror.url}/tools`, ...WANTED, arch: "s390x" });
    const found = await askDoctor(mirror.mirror, { "r.log": log }, "r.log");
    expect(found.of("lookup-without-match")).toEqual([
      expect.objectContaining({ count: 1, severity: "problem", clients: ["127.0.0.1"] }),
    ]);
  });

  test("does not take a look-up that found nothing newer for one that failed", async () => {
    const { log } = await hear("3.6", { url: `${mirror.url}/tools`, major: 3, release: "ubuntu" });
    const found = await askDoctor(mirror.mirror, { "r.log": log }, "r.log");
    expect(found.wrong).toEqual(["channel-unread"].filter((kind) => found.of(kind).length > 0));
    expect(found.of("lookup-without-download")).toEqual([expect.objectContaining({ severity: "note" })]);
  });

  test("knows the client that is too old for what is mirrored", async () => {
    const { log, words } = await hear("2.8", {
      url: `${mirror.url}/tools`,
      version: "2.8.13",
      release: "bionic",
    });
    const fleet = JSON.stringify({
      old: { details: { uuid: "9b4b4f57-2bb0-4b24-8d8f-3f6b3a1b0f10", "agent-version": "2.8.5" } },
    });
    const found = await askDoctor(
      mirror.mirror,
      { "r.log": log, "j.txt": words, "fleet.json": fleet },
      "r.log",
      "j.txt",
      "--fleet",
      "fleet.json",
    );
    expect(found.wrong).toEqual(
      expect.arrayContaining(["client-too-old", "lookup-without-match", "no-match-told"]),
    );
  });

  test.for([
    ["2.9", undefined],
    ["3.6", undefined],
    ["2.9", "403 Forbidden"],
    ["3.6", "407 Proxy Authentication Required"],
    ["3.6", "503 Service Unavailable"],
  ] as const)("knows the proxy that does not let Juju %s through: %s", async ([generation, refusal]) => {
    await using proxy = await startProxy();
    if (refusal === undefined) proxy.stop();
    else proxy.refuse(refusal);
    // Go asks no proxy about addresses of this machine.
    const question = { url: "https://mirror.example.invalid/tools", ...WANTED };
    const env = { HTTPS_PROXY: proxy.url, https_proxy: "", NO_PROXY: "", no_proxy: "" };
    const { answer, log } = await interop.juju(generation).hear(question, env);
    const words = `${log}ERROR ${answer.error ?? ""}\n`;
    expect(words).toContain(refusal === undefined ? "proxyconnect tcp: " : `": ${refusal.slice(4)}`);
    expect(proxy.requests[0]).toBe(refusal && "CONNECT mirror.example.invalid:443");
    const found = await askDoctor(mirror.mirror, { "j.txt": words }, "--juju", "j.txt");
    expect(found.wrong).toContain("proxy-forward");
    expect(found.wrong).not.toContain("mirror-unreachable");
  });

  test.for(["/tools/tools", "", "/channel/prd/tools", "/upstream/tools"])(
    "knows the wrong address %j",
    async (path) => {
      const { log, words } = await hear("2.9", { url: `${mirror.url}${path}`, ...WANTED });
      const found = await askDoctor(mirror.mirror, { "r.log": log, "j.txt": words }, "r.log", "j.txt");
      const kinds: Readonly<Record<string, string>> = {
        "/tools/tools": "address-doubled",
        "": "address-wrong",
        "/channel/prd/tools": "channel-missing",
        "/upstream/tools": "signed-face-incomplete",
      };
      expect(found.of(kinds[path] ?? "")).toHaveLength(1);
      if (path === "/channel/prd/tools")
        expect(found.of("channel-missing")[0]?.found).toContain("nearest name is prod");
    },
  );

  test("knows the channel that is read, the one that nobody reads, and the one that is empty", async () => {
    await mirror.mirror.jam("channel", "promote", "prod", "--reason", "test");
    const { log } = await hear("3.6", { url: `${mirror.url}/channel/prod/tools`, ...WANTED, download: true });
    const empty = await hear("3.6", { url: `${mirror.url}/channel/spare/tools`, ...WANTED });
    const before = await askDoctor(mirror.mirror, { "r.log": log + empty.log }, "r.log");
    expect(before.of("channel-unread")).toEqual([]);
    expect(before.of("channel-empty")).toEqual([expect.objectContaining({ channel: "spare" })]);
    await mirror.mirror.jam("channel", "promote", "spare", "--reason", "test");
    const after = await askDoctor(mirror.mirror, { "r.log": log }, "r.log");
    // Some seconds of a log do not show that nobody will come.
    expect(after.of("channel-unread")).toEqual([
      expect.objectContaining({ channel: "spare", severity: "unknown" }),
    ]);
  });

  test.for([
    // Juju says the same in both cases.
    ["a version that is not held", { requested: "3.6.30", current: "3.6.26" }, "nothing-newer"],
    ["nothing newer", { current: "3.6.27" }, "nothing-newer"],
    [
      "a mirror that does not answer",
      { current: "3.6.26", url: "http://127.0.0.1:9/tools" },
      "mirror-unreachable",
    ],
    [
      "a model ahead of its controller",
      { current: "3.6.26", requested: "3.6.27", isController: false },
      "juju-refused",
    ],
  ] as const)("knows what Juju says to the upgrade to %s", async ([, asked, kind]) => {
    const [verdict] = await interop.juju("3.6").decide([
      {
        ask: "upgrade",
        url: `${mirror.url}/tools`,
        controller: asked.current,
        isController: true,
        ...asked,
      },
    ]);
    const words = `ERROR ${verdict?.error ?? verdict?.message ?? ""}\n`;
    const found = await askDoctor(mirror.mirror, { "j.txt": words }, "--juju", "j.txt");
    expect(found.wrong, words).toEqual([kind]);
  });

  test("knows the TLS that is asked of a plain port", async () => {
    const url = `${mirror.url.replace("http:", "https:")}/tools`;
    const { words } = await hear("3.6", { url, ...WANTED });
    const found = await askDoctor(mirror.mirror, { "j.txt": words }, "j.txt");
    expect(found.wrong).toContain("tls-mixed");
  });

  describe.skipIf(nginx.isMissing)(`with nginx in front${nginx.note}`, () => {
    const { certFile } = localhostTls();
    const keyFile = certFile.replace(/\.crt$/, ".key");
    const tls = (listen: string, certificate = certFile, key = keyFile) =>
      `server { listen ${listen} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
       location / { proxy_pass ${mirror.url}; } }\n`;

    test("knows the certificate that Juju does not trust", async () => {
      await using server = await startNginxWith((listen) => tls(listen), { scheme: "https" });
      for (const generation of ["3.6", "2.9"] as const) {
        const { words } = await hear(generation, { url: `${server.url}/tools`, ...WANTED });
        const found = await askDoctor(mirror.mirror, { "j.txt": words }, "j.txt");
        expect(found.wrong, words).toContain("tls-untrusted");
      }
    });

    test("knows the certificate for another name", async () => {
      await using server = await startNginxWith(
        (listen) => `${tls(listen)}${tls(listen.replace("127.0.0.1", "127.0.0.2"))}`,
        { scheme: "https" },
      );
      const url = server.url.replace("127.0.0.1", "127.0.0.2");
      const { words } = await hear("3.6", { url: `${url}/tools`, ...WANTED });
      expect((await askDoctor(mirror.mirror, { "j.txt": words }, "j.txt")).wrong, words).toContain(
        "tls-name",
      );
    });

    test.for(["expired", "future"])("knows the certificate that is not valid now: %s", async (name) => {
      const certificate = certFile.replace("localhost.crt", `${name}.crt`);
      await using server = await startNginxWith((listen) => tls(listen, certificate), { scheme: "https" });
      const { words } = await hear("3.6", { url: `${server.url}/tools`, ...WANTED });
      expect((await askDoctor(mirror.mirror, { "j.txt": words }, "j.txt")).wrong, words).toContain(
        "tls-expired",
      );
      // Where it is valid at the time of the doctor, the clock of the client is wrong.
      const examination = new WordsExamination(new Date(name === "future" ? "2095-01-01" : "2020-01-15"));
      for (const [index, text] of words.split("\n").entries())
        examination.see({ file: "j.txt", number: index + 1, text });
      expect(examination.facts().map(({ kind }) => kind)).toContain("clock-client");
    });

    test.for([
      ["return 403;", "request-refused", "request-refused"],
      ["return 401;", "request-refused", "request-refused"],
      ["return 503;", "server-error", "server-error"],
      [`default_type text/html; return 200 "<html>sign in</html>";`, "not-metadata", undefined],
    ] as const)("knows what Juju makes of a server that answers with `%s`", async ([rule, said, logged]) => {
      const accessLog = join(mirror.mirror.folder, "rule.log");
      await writeFile(accessLog, "");
      const answer = (listen: string) => `server { listen ${listen}; location / { ${rule} } }\n`;
      await using server = await startNginxWith(answer, { accessLog });
      const { words } = await hear("3.6", { url: `${server.url}/tools`, ...WANTED });
      const found = await askDoctor(mirror.mirror, { "j.txt": words }, "rule.log", "j.txt");
      const juju = found.document.findings.filter(({ where }) => where.startsWith("j.txt"));
      if (said !== "request-refused" || rule !== "return 401;")
        expect(
          juju.map(({ kind }) => kind),
          words,
        ).toContain(said);
      if (logged !== undefined)
        expect(found.of(logged).some(({ where }) => where.startsWith("rule.log"))).toBe(true);
    });

    test("knows the tarball that something in between changes", async () => {
      const changed = (listen: string) =>
        `server { listen ${listen}; location / { proxy_pass ${mirror.url}; }
         location ~ tgz$ { return 200 "other bytes"; } }\n`;
      await using server = await startNginxWith(changed);
      const question = { url: `${server.url}/tools`, ...WANTED };
      const { answer } = await interop.juju("3.6").hear({ ...question, sync: true });
      const words = `ERROR ${answer.syncError ?? ""}\n`;
      expect((await askDoctor(mirror.mirror, { "j.txt": words }, "j.txt")).wrong, words).toEqual([
        "download-altered",
      ]);
    });

    test("reads the log of nginx on the data directory, and the wrong Content-Type that it has", async () => {
      const accessLog = join(mirror.mirror.folder, "access.log");
      const plain = (listen: string) => `server { listen ${listen}; root ${mirror.mirror.data}; }\n`;
      await using server = await startNginxWith(plain, { accessLog });
      const question = { url: `${server.url}/tools`, ...WANTED, download: true };
      for (let times = 0; times < 3; times += 1) await hear("3.6", question);
      const found = await askDoctor(mirror.mirror, {}, "access.log", "--url", `${server.url}/tools`);
      expect(found.document.inputs[0]).toMatchObject({ format: "combined", unread: 0 });
      expect(found.of("url-type")).not.toEqual([]);
      // Juju 4 asks again without end.
      expect(found.of("download-repeated")).not.toEqual([]);
    });

    test("finds nothing wrong with nginx as the guide has it", async () => {
      const accessLog = join(mirror.mirror.folder, "good-access.log");
      await using server = await startNginx(mirror.mirror.data, { accessLog });
      await hear("3.6", { url: `${server.url}/tools`, ...WANTED, download: true });
      const found = await askDoctor(mirror.mirror, {}, "good-access.log", "--url", `${server.url}/tools`);
      expect(found.wrong.filter((kind) => kind !== "channel-unread")).toEqual([]);
      expect(await readFile(accessLog, "utf8")).toContain("Go-http-client");
    });

    test("knows the cache in between, and what it hides", async () => {
      const cached = (listen: string) =>
        `proxy_cache_path ${mirror.mirror.folder}/cache keys_zone=jam:1m use_temp_path=off;
         server { listen ${listen}; location / { proxy_pass ${mirror.url}; proxy_cache jam; proxy_cache_revalidate on;
         proxy_ignore_headers Cache-Control; proxy_cache_valid 200 1s;
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }\n`;
      await using server = await startNginxWith(cached);
      const question = { url: `${server.url}/tools`, ...WANTED };
      const first = await hear("3.6", question);
      await pause(2_100);
      const second = await hear("3.6", question);
      const found = await askDoctor(mirror.mirror, { "r.log": first.log + second.log }, "r.log");
      expect(found.of("proxy-reverse")).toHaveLength(1);
      expect(found.of("proxy-cache").length, first.log + second.log).toBeGreaterThan(0);
    });
  });
});
