/** The Debian package as a file: what is in it, what Debian's own checks say, and that it is the same at every build. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { buildDeb } from "../../scripts/package/deb/build-deb.ts";
import { runProcess } from "../helpers/jam-process.ts";
import { peer } from "../helpers/peers.ts";

const dpkg = peer("dpkg");
const lintian = peer("lintian");
const MADE_AT = 1_700_000_000;

describe.skipIf(dpkg.isMissing)(`the Debian package${dpkg.note}`, () => {
  let scratch: string;
  let deb: string;
  let tree: string;
  /** The lines of `dpkg-deb --contents` by path. */
  let contents: ReadonlyMap<string, string>;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "jam-deb-test-"));
    deb = join(scratch, await buildDeb({ arch: "x64", to: scratch, madeAt: MADE_AT, level: 0 }));
    tree = join(scratch, "tree");
    await runProcess("dpkg-deb", ["--raw-extract", deb, tree]);
    const { stdout } = await runProcess("dpkg-deb", ["--contents", deb], { env: { TZ: "UTC" } });
    contents = new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => [/ \.\/(.*?)(?: -> .*)?$/.exec(line)?.[1] ?? "", line]),
    );
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test("has the program, settings, units, manual pages, completions and papers where Debian looks for them", () => {
    const expected = [
      "usr/lib/jam/jam",
      "usr/lib/jam/runtime/node",
      "etc/jam/jam.yaml",
      "usr/lib/systemd/system/jam.service",
      "usr/lib/systemd/system/jam-sync.service",
      "usr/lib/systemd/system/jam-sync.timer",
      "usr/share/bash-completion/completions/jam",
      "usr/share/zsh/vendor-completions/_jam",
      "usr/share/fish/vendor_completions.d/jam.fish",
      "usr/share/doc/juju-agent-mirror/copyright",
      "usr/share/doc/juju-agent-mirror/changelog.gz",
      ...packageJson.man.map((path) => path.replace(/^dist\/man\/(.*\.(\d))$/, "usr/share/man/man$2/$1.gz")),
    ];
    expect(expected.filter((path) => !contents.has(path))).toEqual([]);
    expect(contents.get("usr/bin/jam")).toMatch(/ -> \.\.\/lib\/jam\/jam$/);
    expect(
      [...contents.keys()].filter((path) => /node_modules|\.ts$|^var\/|^home\/|^tmp\//.test(path)),
    ).toEqual([]);
  });

  test("belongs to root, and nothing of the build's umask, time or paths is in it", async () => {
    const modes = /^(?:-rw-r--r--|-rwxr-xr-x|drwxr-xr-x|lrwxrwxrwx) root\/root +\d+ 2023-11-14 22:13 /;
    expect([...contents.values()].filter((line) => !modes.test(line))).toEqual([]);
    const executable = [...contents].filter(([, line]) => line.startsWith("-rwx")).map(([path]) => path);
    expect(executable.sort()).toEqual(["usr/lib/jam/jam", "usr/lib/jam/runtime/node"]);
    const page = gunzipSync(await readFile(join(tree, "usr/share/man/man1/jam.1.gz"))).toString();
    expect(page).toContain('"2023-11-14"');
    const found = await runProcess("grep", ["-rlF", import.meta.dirname.replace(/\/test\/.*/, "/"), tree]);
    expect(found.stdout).toBe("");
  });

  test("keeps the settings of the administrator in upgrades, and depends on what every Debian has", async () => {
    expect(await readFile(join(tree, "DEBIAN/conffiles"), "utf8")).toBe("/etc/jam/jam.yaml\n");
    const control = await readFile(join(tree, "DEBIAN/control"), "utf8");
    expect(control).toContain("\nArchitecture: amd64\n");
    expect(control).toContain("\nDepends: libc6 (>= 2.28), passwd\n");
    // Debian's jam has the same /usr/bin/jam.
    expect(control).toContain("\nConflicts: jam\n");
  });

  test("is the same, byte for byte, at the next build", async () => {
    const other = join(scratch, "other");
    await runProcess("mkdir", [other]);
    const umask = process.umask(0o077);
    try {
      const name = await buildDeb({ arch: "x64", to: other, madeAt: MADE_AT, level: 0 });
      expect((await readFile(join(other, name))).equals(await readFile(deb))).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  test("is made for arm64, too, with Node for arm64", async () => {
    const name = await buildDeb({ arch: "arm64", to: scratch, madeAt: MADE_AT, level: 0 });
    const other = join(scratch, "arm64");
    await runProcess("dpkg-deb", ["--raw-extract", join(scratch, name), other]);
    expect(name).toMatch(/_arm64\.deb$/);
    expect(await readFile(join(other, "DEBIAN/control"), "utf8")).toContain("\nArchitecture: arm64\n");
    for (const file of [
      "node",
      ...(await readdir(join(other, "usr/lib/jam/runtime/lib"))).map((one) => `lib/${one}`),
    ]) {
      const bytes = await readFile(join(other, "usr/lib/jam/runtime", file));
      // EM_AARCH64 in the header of an ELF file. Source: elf(5).
      expect([file, bytes.readUInt16LE(18)]).toEqual([file, 183]);
    }
  });

  test("has units that systemd takes", async () => {
    const units = join(tree, "usr/lib/systemd/system");
    const verify = await runProcess("systemd-analyze", [
      "verify",
      ...(await readdir(units)).map((name) => join(units, name)),
    ]).catch(() => undefined);
    // The program and its user are not on this machine, which is not about the text.
    const complaints =
      verify?.stderr.split("\n").filter((line) => /Unknown|Failed to parse|Invalid/.test(line)) ?? [];
    expect(complaints).toEqual([]);
  });

  test.skipIf(lintian.isMissing)(
    `passes lintian; what it may not say is in overrides with a reason${lintian.note}`,
    async () => {
      const { stdout } = await runProcess("lintian", [
        "--allow-root",
        "--fail-on",
        "none",
        "--tag-display-limit",
        "0",
        deb,
      ]);
      expect(stdout).toBe("");
      const overrides = await readFile(join(tree, "usr/share/lintian/overrides/juju-agent-mirror"), "utf8");
      for (const block of overrides.trim().split(/(?<=^juju.*\n)(?=#)/m)) expect(block).toMatch(/^# /);
    },
  );
});
