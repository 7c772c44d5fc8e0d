/** The Debian package as an operator has it: installed in a bare Debian, used, upgraded, removed, installed again, purged. */
import { once } from "node:events";
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDeb } from "../../scripts/package/deb/build-deb.ts";
import { ARCHES } from "../../scripts/package/target.ts";
import { buildInterop } from "../helpers/interop.ts";
import { runProcess } from "../helpers/jam-process.ts";
import { complaintsOf, foundBy, listedFor, type ListedAgent } from "../helpers/judged-mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";
import { debianPeer, debianRoot, type DebianRoot } from "./debian-root.ts";

const debian = debianPeer();
const interop = debian.isMissing ? { isMissing: true, note: "" } : await buildInterop();
const arch = ARCHES.find((one) => one === process.arch);

/** Tests build on each other: this is one story. */
describe.skipIf(debian.isMissing)(`the Debian package in a bare Debian${debian.note}`, () => {
  let scratch: string;
  let deb: string;
  let root: DebianRoot;
  let upstream: TestUpstream;
  let installed = 0;

  beforeAll(async () => {
    if (arch === undefined) throw new Error(`There is no package for ${process.arch}.`);
    scratch = await mkdtemp(join(tmpdir(), "jam-deb-test-"));
    deb = join(scratch, await buildDeb({ arch, to: scratch, madeAt: 1_700_000_000, level: 0 }));
    root = await debianRoot();
    upstream = await startUpstream({ releases: ["2.9.60", "3.6.26", "3.6.27"] });
  });
  afterAll(async () => {
    await upstream?.close();
    await root?.[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });

  const inRoot = (path: string) => join(root.path, path);
  const exists = (path: string) =>
    lstat(inRoot(path)).then(
      () => true,
      () => false,
    );

  async function dpkg(...args: string[]): Promise<string> {
    const { status, stderr } = await root.run(["dpkg", ...args]);
    expect(status, stderr).toBe(0);
    return stderr;
  }

  async function install(file: string): Promise<string> {
    await cp(file, inRoot("jam.deb"));
    return dpkg("--install", "/jam.deb");
  }

  /** What a unit starts, as the user that it names, with its variables. */
  async function unitCommand(unit: string): Promise<{ argv: string[]; env: Record<string, string> }> {
    const text = await readFile(inRoot(`usr/lib/systemd/system/${unit}`), "utf8");
    const values = (key: string) =>
      [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);
    const [user = "", command = ""] = [values("User")[0], values("ExecStart")[0]];
    await root.run(["install", "-d", "-o", user, "/var/cache/jam"]);
    return {
      argv: ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...command.split(" ")],
      env: Object.fromEntries(values("Environment").map((pair) => pair.split("=", 2) as [string, string])),
    };
  }

  async function heldAgents(): Promise<ListedAgent[]> {
    const { status, stdout, stderr } = await root.run(["jam", "list", "-o", "json"]);
    expect(status, stderr).toBe(0);
    return (JSON.parse(stdout) as { agents: ListedAgent[] }).agents;
  }

  test("installs without a network, a user, systemd or Node, and says nothing", async () => {
    installed = performance.now();
    expect(await install(deb)).toBe("");
    expect((await root.run(["jam", "--version"])).stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect((await root.run(["id", "jam"])).stdout).toMatch(/^uid=\d+\(jam\) gid=\d+\(jam\)/);
    const owner = await root.run([
      "stat",
      "-c",
      "%U %a",
      "/var/lib/jam",
      "/etc/jam/keys",
      "/etc/jam/jam.yaml",
    ]);
    expect(owner.stdout).toBe("jam 755\njam 700\nroot 644\n");
    // Enabled: they are started when the machine starts.
    for (const link of ["multi-user.target.wants/jam.service", "timers.target.wants/jam-sync.timer"]) {
      expect(await exists(`etc/systemd/system/${link}`), link).toBe(true);
    }
    expect((await root.run(["dpkg", "--verify", "juju-agent-mirror"])).stdout).toBe("");
  });

  test("has settings that jam finds anywhere and that are valid", async () => {
    const { stdout } = await root.run(["jam", "config", "show", "-o", "json"]);
    const { file, settings } = JSON.parse(stdout) as {
      file: string;
      settings: { key: string; value: unknown }[];
    };
    const values = Object.fromEntries(settings.map(({ key, value }) => [key, value]));
    expect([file, values["data"], values["keys"]]).toEqual([
      "/etc/jam/jam.yaml",
      "/var/lib/jam",
      "/etc/jam/keys",
    ]);
  });

  test("checks and syncs as its unit does", async () => {
    const settings = await readFile(inRoot("etc/jam/jam.yaml"), "utf8");
    await writeFile(inRoot("etc/jam/upstream.asc"), upstream.tree.key.publicKeyArmored);
    const edited = settings
      .replace(/url: https:.*/, `url: ${upstream.url}`)
      .replace(/^ +keyring: builtin$/m, "    keyring: /etc/jam/upstream.asc")
      .replace("127.0.0.1:8080", "127.0.0.1:0");
    expect(edited).not.toBe(settings);
    await writeFile(inRoot("etc/jam/jam.yaml"), edited);
    const { argv, env } = await unitCommand("jam-sync.service");
    const checked = await root.run([...argv.slice(0, -3), "check"], env);
    expect(checked.status, checked.stdout + checked.stderr).toBe(0);
    const synced = await root.run(argv, env);
    expect(synced.status, synced.stderr).toBe(0);
    expect(await heldAgents()).not.toEqual([]);
  });

  test(`serves as its unit does, and Juju's own code finds every agent${interop.note}`, async (context) => {
    const { argv, env } = await unitCommand("jam.service");
    const server = root.start(argv, env);
    let log = "";
    server.stderr?.on("data", (chunk) => (log += String(chunk)));
    try {
      const [url] = (await Promise.race([
        once(createInterface({ input: server.stdout ?? process.stdin }), "line"),
        once(server, "exit").then(() => Promise.reject(new Error(`jam serve ended: ${log}`))),
      ])) as [string];
      const seconds = () => ((performance.now() - installed) / 1000).toFixed(1);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      process.stdout.write(` debian: ${seconds()} s from dpkg --install to the ready server\n`);
      if (!("juju" in interop) || interop.isMissing) return context.skip(`Juju's own code${interop.note}`);
      const agents = await heldAgents();
      const question = {
        url: `${url}/tools`,
        version: "3.6.27",
        release: "ubuntu",
        arch: "amd64",
        download: true,
      };
      const [answer] = await interop.juju("3.6").ask([{ name: "deb", ...question }]);
      if (answer === undefined) throw new Error("Juju gave no answer.");
      expect(foundBy(answer)).toEqual(listedFor(agents, { name: "deb", ...question }));
      expect(foundBy(answer)).toHaveLength(1);
      expect(complaintsOf(answer)).toEqual([]);
      process.stdout.write(` debian: ${seconds()} s from dpkg --install to the agent in Juju's hands\n`);
    } finally {
      server.kill("SIGTERM");
      if (server.exitCode === null) await once(server, "exit");
    }
  });

  /** The same package with a higher version. */
  async function nextVersion(): Promise<string> {
    const tree = join(scratch, "next");
    await runProcess("dpkg-deb", ["--raw-extract", deb, tree]);
    const control = join(tree, "DEBIAN/control");
    await writeFile(control, (await readFile(control, "utf8")).replace(/^(Version: .*)$/m, "$1+next"));
    await chmod(control, 0o644);
    const file = join(scratch, "next.deb");
    expect(
      await runProcess("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, file]),
    ).toMatchObject({
      status: 0,
    });
    return file;
  }

  test("an upgrade keeps the agents, the settings, the owners and what the administrator disabled", async () => {
    const [agents, settings] = [await heldAgents(), await readFile(inRoot("etc/jam/jam.yaml"), "utf8")];
    // What systemctl disable does.
    await rm(inRoot("etc/systemd/system/timers.target.wants/jam-sync.timer"));
    await root.run(["chmod", "0750", "/var/lib/jam"]);
    expect(await install(await nextVersion())).toBe("");
    expect((await root.run(["dpkg-query", "-f", "${Version}", "-W", "juju-agent-mirror"])).stdout).toMatch(
      /\+next$/,
    );
    expect(await heldAgents()).toEqual(agents);
    expect(await readFile(inRoot("etc/jam/jam.yaml"), "utf8")).toBe(settings);
    expect((await stat(inRoot("var/lib/jam"))).mode & 0o777).toBe(0o750);
    expect(await exists("etc/systemd/system/timers.target.wants/jam-sync.timer")).toBe(false);
    expect(await exists("etc/systemd/system/multi-user.target.wants/jam.service")).toBe(true);
  });

  test("removed, it leaves agents, keys and settings, and finds them when it is installed again", async () => {
    const agents = await heldAgents();
    await writeFile(inRoot("etc/jam/keys/own.asc"), "a key");
    await dpkg("--remove", "juju-agent-mirror");
    expect(await exists("usr/lib/jam")).toBe(false);
    expect(await exists("usr/bin/jam")).toBe(false);
    for (const path of ["var/lib/jam/blobs", "etc/jam/keys/own.asc", "etc/jam/jam.yaml"]) {
      expect(await exists(path), path).toBe(true);
    }
    await install(deb);
    expect(await heldAgents()).toEqual(agents);
  });

  test("purged, it deletes settings and cache, and names the agents and keys that it keeps", async () => {
    const { status, stderr } = await root.run(["dpkg", "--purge", "juju-agent-mirror"]);
    expect(status, stderr).toBe(0);
    for (const folder of ["/var/lib/jam", "/etc/jam/keys"]) {
      expect(stderr).toContain(`juju-agent-mirror: ${folder} was kept.`);
    }
    expect(await readdir(inRoot("etc/jam"))).toEqual(["keys", "upstream.asc"]);
    expect(await exists("var/cache/jam")).toBe(false);
    expect((await readdir(inRoot("var/lib/jam/blobs/sha256"))).length).toBeGreaterThan(0);
    const wants = await root.run(["find", "/etc/systemd", "/var/lib/systemd", "-name", "jam*"]);
    expect(wants.stdout).toBe("");
    await expect(access(inRoot("usr/share/man/man1/jam.1.gz"))).rejects.toThrow("ENOENT");
  });

  test("purged with nothing to keep, it leaves nothing behind but its user", async () => {
    for (const path of ["var/lib/jam", "etc/jam"]) await rm(inRoot(path), { recursive: true });
    await install(deb);
    expect(await dpkg("--purge", "juju-agent-mirror")).toBe("");
    expect([await exists("var/lib/jam"), await exists("etc/jam")]).toEqual([false, false]);
  });

  /** What the scripts of the package ask of systemd, with programs in its place that only keep note of it. */
  async function withSystemd(syncState: string, action: () => Promise<unknown>): Promise<string[]> {
    await mkdir(inRoot("run/systemd/system"), { recursive: true });
    for (const name of ["systemctl", "deb-systemd-invoke"]) {
      const script = `#!/bin/sh\necho "\${0##*/} $*" >>/calls\n[ "$1" != show ] || echo ${syncState}\n`;
      await writeFile(inRoot(`usr/local/bin/${name}`), script, { mode: 0o755 });
    }
    await writeFile(inRoot("calls"), "");
    await action();
    const calls = (await readFile(inRoot("calls"), "utf8")).trim().split("\n");
    return calls.filter((call) => !/daemon-reload|^systemctl show/.test(call));
  }

  test("where systemd runs, it starts, restarts and stops the server and the timer", async () => {
    const next = join(scratch, "next.deb");
    expect(await withSystemd("inactive", () => install(deb))).toEqual([
      "deb-systemd-invoke start jam.service jam-sync.timer",
    ]);
    expect(await withSystemd("inactive", () => install(next))).toEqual([
      "deb-systemd-invoke restart jam.service jam-sync.timer",
    ]);
    expect(await withSystemd("inactive", () => dpkg("--purge", "juju-agent-mirror"))).toEqual([
      "deb-systemd-invoke stop jam-sync.timer jam-sync.service jam.service",
    ]);
  });

  test("where systemd runs, an upgrade stops a sync that runs, and starts it again", async () => {
    await withSystemd("inactive", () => install(deb));
    expect(await withSystemd("activating", () => install(join(scratch, "next.deb")))).toEqual([
      "deb-systemd-invoke stop jam-sync.service",
      "deb-systemd-invoke restart jam.service jam-sync.timer",
      "systemctl --no-block start jam-sync.service",
    ]);
    expect(await exists("run/jam-sync.interrupted")).toBe(false);
  });
});
