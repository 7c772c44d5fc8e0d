/** The commands around the mirror, as an operator types them. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JAM_COMMAND, runJam, runProcess, temporaryFolder } from "../helpers/jam-process.ts";

test("help names every command, the examples and the global flags", async () => {
  const { status, stdout, stderr } = await runJam(["--help"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const word of [
    "init",
    "sync",
    "list",
    "serve",
    "connect",
    "config",
    "completion",
    "--output",
    "Examples:",
  ]) {
    expect(stdout).toContain(word);
  }
});

test("an unknown command is wrong usage, with the nearest one named", async () => {
  const { status, stdout, stderr } = await runJam(["snyc"]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toBe("error: Unknown command 'snyc'. [JAM_USAGE_INVALID]\nnext:  Did you mean sync?\n");
});

test.for([[], ["report.json", "--to", "again"], ["--no-such-flag"]])(
  "the old name of jam bundle repair is wrong usage that names the new one, with %j",
  async (args) => {
    const { status, stdout, stderr } = await runJam(["bundle", "repair-set", ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("is now called `jam bundle repair`");
    expect((await runJam(["bundle", "--help"])).stdout).not.toContain("repair-set");
  },
);

describe("init", () => {
  test("writes settings that validate, and never replaces them unasked", async () => {
    await using folder = await temporaryFolder();
    const here = { cwd: folder.path };
    const file = join(folder.path, "jam.yaml");
    expect((await runJam(["init"], here)).stdout).toContain(`Wrote ${file}`);
    expect(await runJam(["config", "validate"], here)).toMatchObject({
      status: 0,
      stdout: `${file} is valid.\n`,
    });

    await writeFile(file, "mode: offline\n");
    const again = await runJam(["init", "-o", "json"], here);
    expect(again.status).toBe(2);
    expect(JSON.parse(again.stdout)).toMatchObject({
      error: { code: "JAM_CONFIG_EXISTS", details: { files: [file] } },
    });
    expect(await readFile(file, "utf8")).toBe("mode: offline\n");
    const replaced = await runJam(["init", "--force", "-o", "json"], here);
    expect(replaced.status).toBe(0);
    const [copy = ""] = (JSON.parse(replaced.stdout) as { backups: string[] }).backups;
    expect(copy).toBe(join(folder.path, "jam.yaml.bak"));
    expect(await readFile(copy, "utf8")).toBe("mode: offline\n");
    await runJam(["init", "--force"], here);
    expect(await readdir(folder.path)).toEqual(expect.arrayContaining(["jam.yaml.bak", "jam.yaml.bak2"]));
    expect(await readFile(file, "utf8")).toContain("upstreams:");
  });

  test("the file written means what applies without a file", async () => {
    await using folder = await temporaryFolder();
    const here = { cwd: folder.path };
    const settings = async () => {
      const { stdout } = await runJam(["config", "show", "-o", "json"], here);
      const shown = JSON.parse(stdout) as { settings: { key: string; value: unknown }[] };
      return Object.fromEntries(
        shown.settings.map(({ key, value }) => [key, JSON.stringify(value).replaceAll(/[[\]]/g, "")]),
      );
    };
    const before = await settings();
    await runJam(["init"], here);
    expect(await settings()).toEqual(before);
  });

  test("puts what was chosen into the file", async () => {
    await using folder = await temporaryFolder();
    const here = { cwd: folder.path };
    const flags = [
      "--upstream",
      "./usb tools",
      "--stream",
      "released",
      "proposed",
      "--arch",
      "s390x",
      "--data",
      "held",
    ];
    expect((await runJam(["init", ...flags], here)).status).toBe(0);
    const { stdout } = await runJam(["config", "show", "-o", "json"], here);
    const { settings } = JSON.parse(stdout) as { settings: { key: string; value: unknown }[] };
    const values = Object.fromEntries(settings.map(({ key, value }) => [key, value]));
    expect(values).toMatchObject({
      data: join(folder.path, "held"),
      upstreams: [{ url: join(folder.path, "usb tools"), keyring: "builtin" }],
      select: [{ stream: ["released", "proposed"], arch: "s390x" }],
    });
  });

  test("writes nothing when a choice is wrong", async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await runJam(["init", "--arch", "amd46"], { cwd: folder.path });
    expect(status).toBe(2);
    expect(stderr).toContain('unknown architecture "amd46"; did you mean "amd64"?');
    expect(await readdir(folder.path)).toEqual([]);
  });

  test.for([{ flags: ["--systemd", "--cron"] }, { flags: ["--cron", "--systemd", "--force"] }])(
    "refuses two schedules for one mirror: $flags",
    async ({ flags }) => {
      await using folder = await temporaryFolder();
      const { status, stderr } = await runJam(["init", ...flags], { cwd: folder.path });
      expect([status, stderr]).toEqual([2, expect.stringContaining("A mirror needs one schedule.")]);
      expect(await readdir(folder.path)).toEqual([]);
    },
  );

  test.for([
    { first: "--systemd", second: "--cron", named: "jam-sync.timer" },
    { first: "--cron", second: "--systemd", named: "jam.cron" },
  ])("warns of $named when the other schedule is written", async ({ first, second, named }) => {
    await using folder = await temporaryFolder();
    expect(await runJam(["init", first, "--quiet"], { cwd: folder.path })).toMatchObject({ stderr: "" });
    const { status, stderr } = await runJam(["init", second, "--quiet"], { cwd: folder.path });
    expect([status, stderr]).toEqual([
      0,
      `warning: ${join(folder.path, named)} exists. If it syncs the same mirror, use only one of the two schedules.\n`,
    ]);
  });

  test("writes a line that cron takes", async () => {
    await using folder = await temporaryFolder();
    expect((await runJam(["init", "--cron"], { cwd: folder.path })).status).toBe(0);
    const cron = await readFile(join(folder.path, "jam.cron"), "utf8");
    const lines = cron.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const command = `${JAM_COMMAND.join(" ")} --config ${join(folder.path, "jam.yaml")} sync --quiet`;
    expect(lines.map((line) => line.replace(/^[0-5]?\d /, "MINUTE "))).toEqual([`MINUTE 3 * * * ${command}`]);
  });

  test("writes units that systemd takes", async () => {
    await using folder = await temporaryFolder();
    const { status, stdout } = await runJam(["init", "--systemd", "-o", "json"], { cwd: folder.path });
    expect(status).toBe(0);
    const { written, next } = JSON.parse(stdout) as { written: string[]; next: string[] };
    const names = ["jam.yaml", "jam-sync.service", "jam-sync.timer", "jam-serve.service"];
    expect(written).toEqual(names.map((name) => join(folder.path, name)));
    expect(next).toContain("sudo systemctl enable --now jam-sync.timer jam-serve.service");
    // As root, jam would leave files that the units cannot replace; and one server is enough.
    const calls = next.filter((line) => / (?:check|sync|serve)(?: |$)/.test(line));
    expect(calls).toHaveLength(3);
    for (const line of calls) expect(line).toMatch(/^sudo -u jam /);

    const sync = await readFile(join(folder.path, "jam-sync.service"), "utf8");
    expect(sync).toContain(`ExecStart=${JAM_COMMAND.join(" ")} sync --progress none\n`);
    expect(sync).toContain(`Environment=JAM_CONFIG=${join(folder.path, "jam.yaml")}\n`);
    expect(sync).toContain(`ReadWritePaths=${join(folder.path, "mirror-data")}\n`);
    expect(sync).toContain("SuccessExitStatus=6 130\n");
    const verify = await runProcess("systemd-analyze", [
      "verify",
      ...written.filter((name) => /\.(?:service|timer)$/.test(name)),
    ]).catch(() => undefined);
    // Elsewhere the user jam may be unknown, which is not about the text.
    const complaints =
      verify?.stderr.split("\n").filter((line) => /Unknown|Failed to parse|Invalid/.test(line)) ?? [];
    expect(complaints).toEqual([]);
  });

  test("keeps settings that exist when only units are asked for", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "jam.yaml"), "data: /srv/held\n");
    const { status, stdout } = await runJam(["init", "--systemd"], { cwd: folder.path });
    expect([status, stdout]).toEqual([0, expect.stringContaining(`Kept ${join(folder.path, "jam.yaml")}`)]);
    expect(await readFile(join(folder.path, "jam-serve.service"), "utf8")).toContain(
      "ReadWritePaths=/srv/held\n",
    );
  });
});

describe("config", () => {
  test("lists every problem of a file with line and column, and exits 2", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "jam.yaml"), "mode: onlin\nserver:\n  lisen: x\n");
    const { status, stderr } = await runJam(["config", "validate"], { cwd: folder.path });
    expect([status, stderr]).toEqual([
      2,
      `error: jam.yaml has 2 problems: [JAM_CONFIG_INVALID]
  jam.yaml:1:7: mode: expected online or cache or offline, got "onlin"
  jam.yaml:3:3: server: unknown key "lisen"; did you mean "listen"?
next:  Correct these places; \`jam config schema\` describes every key.
`,
    ]);
  });

  test("takes flags over environment over file over defaults, and says so", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "other.yaml"), "mode: offline\nfetch: { jobs: 2, retries: 1 }\n");
    const { stdout } = await runJam(["config", "show", "-o", "json", "--data", "d"], {
      cwd: folder.path,
      env: { JAM_CONFIG: "other.yaml", JAM_FETCH_JOBS: "3" },
    });
    const { file, settings } = JSON.parse(stdout) as {
      file: string;
      settings: { key: string; value: unknown; from: string }[];
    };
    expect(file).toBe(join(folder.path, "other.yaml"));
    const byKey = Object.fromEntries(settings.map(({ key, value, from }) => [key, [value, from]]));
    expect(byKey).toMatchObject({
      data: [join(folder.path, "d"), "--data"],
      "fetch.jobs": [3, "JAM_FETCH_JOBS"],
      "fetch.retries": [1, file],
      "retention.snapshots": [20, "default"],
    });
  });
});

describe("connect", () => {
  test("prints the commands for people", async () => {
    await using folder = await temporaryFolder();
    const flags = [
      "--url",
      "http://mirror.lab:8080",
      "--juju",
      "2.9",
      "--controller",
      "prod",
      "--model",
      "db",
    ];
    const { status, stdout } = await runJam(["connect", ...flags], { cwd: folder.path });
    expect(status).toBe(0);
    await expect(stdout).toMatchFileSnapshot("../fixtures/connect-2.9.txt");
  });

  test("gives scripts the same as data", async () => {
    await using folder = await temporaryFolder();
    const { stdout } = await runJam(
      ["connect", "--juju", "4.0", "-o", "json", "--url", "https://mirror.lab"],
      { cwd: folder.path },
    );
    const guide = JSON.parse(stdout) as {
      url: string;
      juju: string;
      steps: { id: string; commands: string[] }[];
    };
    expect(guide).toMatchObject({ url: "https://mirror.lab/tools", juju: "4" });
    expect(guide.steps.map(({ id }) => id)).toEqual([
      "reach",
      "bootstrap",
      "controller",
      "models",
      "proxy",
      "verify",
    ]);
  });
});
