/** Completion in a real bash. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";
import { JAM, runJam, runProcess, temporaryFolder } from "../helpers/jam-process.ts";

const BASH = ["--norc", "--noprofile"];

/** What bash would offer at the end of the line made of `words`, which are split as bash splits them, in the folder `cwd`. */
async function complete(words: readonly string[], cwd?: string): Promise<string[]> {
  await using folder = await temporaryFolder();
  const bin = join(folder.path, "bin");
  await mkdir(bin);
  await symlink(JAM, join(bin, "jam"));
  await writeFile(join(folder.path, "jam.bash"), (await runJam(["completion", "bash"])).stdout);
  const script = `
    source "$JAM_BASH"
    compopt() { :; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
    _jam jam "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await runProcess("bash", [...BASH, "-c", script, "bash", ...words], {
    cwd: cwd ?? folder.path,
    env: {
      JAM_BASH: join(folder.path, "jam.bash"),
      PATH: [bin, join(process.execPath, ".."), process.env["PATH"]].join(delimiter),
    },
  });
  return stdout.split("\n").filter((line) => line !== "");
}

test("bash reads the script, and registers it", async () => {
  const { stdout } = await runJam(["completion", "bash"]);
  const { status, stdout: registered } = await runProcess(
    "bash",
    [...BASH, "-c", 'eval "$(cat)"; complete -p jam'],
    {
      input: stdout,
    },
  );
  expect([status, registered]).toEqual([0, "complete -F _jam jam\n"]);
  expect((await runProcess("bash", ["-n"], { input: stdout })).stderr).toBe("");
});

test.for([
  [["jam", "conn"], ["connect"]],
  [
    ["jam", "--output", ""],
    ["table", "json", "yaml"],
  ],
  [["jam", "list", "-o", "j"], ["json"]],
  [["jam", "sync", "--progress", "=", "p"], ["plain"]],
  [["jam", "init", "--stream", "p"], ["proposed"]],
  [["jam", "completion", "f"], ["fish"]],
  [["jam", "config", "va"], ["validate"]],
  [["jam", "key", "t"], ["trust"]],
  [
    ["jam", "bundle", "re"],
    ["repair", "receipt"],
  ],
  [["jam", "key", "trust", "--f"], ["--fingerprint"]],
  [["jam", "init", "--sys"], ["--systemd"]],
  [
    ["jam", "help", "ex"],
    ["explain", "exit-codes"],
  ],
] as const)("bash completes %s to %s", async ([words, offered]) => {
  expect(await complete(words)).toEqual(offered);
});

describe("what the mirror has", () => {
  let upstream: TestUpstream;
  let mirror: TestMirror;

  beforeAll(async () => {
    upstream = await startUpstream({
      releases: ["2.9.60", "3.6.26", "3.6.27"],
      arches: ["amd64"],
      oses: ["ubuntu"],
    });
    mirror = await temporaryMirror(upstream, { site: "near", select: [{ stream: "released" }] });
    await mirror.sync();
    await mirror.here("key", "generate");
    await mirror.here("bundle", "receipt", "--site", "plant-7", "--to", "plant-7.receipt");
    await mirror.here("site", "update", "plant-7.receipt");
  });
  afterAll(async () => {
    await mirror[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  test.for([
    [
      ["jam", "list", "3.6"],
      ["3.6.27", "3.6.26"],
    ],
    [
      ["jam", "which", ""],
      ["3.6.27", "3.6.26", "2.9.60"],
    ],
    [["jam", "plan", "--from", "2"], ["2.9.60"]],
    [
      ["jam", "plan", "--from", "2.9.60", "--to", "=", "3.6"],
      ["3.6.27", "3.6.26"],
    ],
    [["jam", "explain", "3.6.27-"], ["3.6.27-ubuntu-amd64"]],
    [["jam", "list", "--release", "ub"], ["ubuntu"]],
    [["jam", "site", "remove", ""], ["plant-7"]],
    [["jam", "bundle", "create", "--site", "p"], ["plant-7"]],
    [["jam", "--data", "nowhere", "list", "3"], []],
    [["jam", "-c", "absent.yaml", "list", "3"], []],
  ] as const)("is offered by bash for %s", async ([words, offered]) => {
    expect(await complete(words, mirror.folder)).toEqual(offered);
  });

  test("is offered to every shell by the same protocol, which names no error", async () => {
    const ask = async (...words: string[]) => mirror.here("complete", "--", ...words);
    const { snapshot } = JSON.parse((await mirror.here("status", "-o", "json")).stdout) as {
      snapshot: { id: string };
    };
    expect(await ask("snapshot", "switch", "")).toMatchObject({
      status: 0,
      stdout: `current\t\n${snapshot.id}\t\n:4\n`,
      stderr: "",
    });
    expect(await ask("-c", "absent.yaml", "explain", "")).toMatchObject({
      status: 0,
      stdout: ":4\n",
      stderr: "",
    });
  });
});

test("a key press never runs what stands on the line", async () => {
  await using folder = await temporaryFolder();
  const trap = join(folder.path, "trap");
  await complete(["jam", "sync", `$(touch ${trap})`, `;touch ${trap}`, ""]);
  expect((await runProcess("test", ["-e", trap])).status).toBe(1);
});

test.for(["zsh", "fish", "powershell"])("%s gets a script that asks jam", async (shell) => {
  const { status, stdout } = await runJam(["completion", shell]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/jam complete '?--/);
});

test("an unknown shell is wrong usage", async () => {
  const { status, stderr } = await runJam(["completion", "bish"]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("Did you mean bash?")]);
});
