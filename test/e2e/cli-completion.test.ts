/** Completion in a real bash. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { JAM, runJam, runProcess, temporaryFolder } from "../helpers/jam-process.ts";

const BASH = ["--norc", "--noprofile"];

/** What bash would offer at the end of the line made of `words`, which are split as bash splits them. */
async function complete(words: readonly string[]): Promise<string[]> {
  await using folder = await temporaryFolder();
  const bin = join(folder.path, "bin");
  await mkdir(bin);
  await symlink(JAM, join(bin, "jam"));
  await writeFile(join(folder.path, "jam.bash"), (await runJam(["completion", "bash"])).stdout);
  const script = `
    source jam.bash
    compopt() { :; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
    _jam jam "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await runProcess("bash", [...BASH, "-c", script, "bash", ...words], {
    cwd: folder.path,
    env: { PATH: [bin, join(process.execPath, ".."), process.env["PATH"]].join(delimiter) },
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
