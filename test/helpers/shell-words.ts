/** What a POSIX shell makes of command lines that are pasted into it: the words of every command that would run. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Programs that printed commands name; each becomes a function that only tells its words. */
const PROGRAMS =
  "juju jam snap kubectl curl sudo npx cat crontab gpg sha256sum systemctl id touch rm tar watch".split(" ");

/** Stands after the words of each command. No name contains it: control characters never reach a command. */
const END = "\u0001end";

/**
 * For each line the commands that it runs, each as its words, in no particular order. All lines go through one `sh`,
 * as if pasted one after the other; what a line runs beyond `PROGRAMS` cannot be found and changes nothing.
 * Words after `juju ssh … --` and `watch` go through a second shell, as they do on the machine.
 */
export function shellWords(lines: readonly string[]): string[][][] {
  const first = wordsOf(lines);
  const remote = first.map((commands) => commands.map(remoteLine));
  const second = wordsOf(remote.flatMap((some) => some.flatMap((line) => line ?? [])));
  return first.map((commands, index) =>
    commands
      .map((words, at) => {
        if (remote[index]?.[at] === undefined) return words;
        return [...words.slice(0, startOfRemote(words)), ...(second.shift() ?? []).flat()];
      })
      .sort((a, b) => (a.join("\n") < b.join("\n") ? -1 : 1)),
  );
}

/** Where the words for a second shell begin; 0 for none. */
function startOfRemote([program, command, ...words]: readonly string[]): number {
  if (program === "watch") return command === "-n" ? 3 : 1;
  const at = words.indexOf("--");
  return program === "juju" && command === "ssh" && at >= 0 ? at + 3 : 0;
}

function remoteLine(words: readonly string[]): string | undefined {
  const start = startOfRemote(words);
  return start === 0 ? undefined : words.slice(start).join(" ");
}

function wordsOf(lines: readonly string[]): string[][][] {
  const folder = mkdtempSync(join(tmpdir(), "jam-shell-"));
  try {
    const script = [
      "PATH=/nonexistent",
      `say() { printf '%s\\0' "$@" '${END}' >&3; }`,
      ...PROGRAMS.map((program) => `${program}() { say ${program} "$@"; }`),
      ...lines.flatMap((line, index) => [line, `say @line ${index}`]),
    ].join("\n");
    const { status, output, stderr } = spawnSync("/bin/sh", ["-s"], {
      cwd: folder,
      input: `${script}\n`,
      stdio: ["pipe", "ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
    const commands = (output[3] ?? "").split(`${END}\0`).slice(0, -1);
    const found: string[][][] = [[]];
    for (const words of commands.map((text) => text.split("\0").slice(0, -1))) {
      if (words[0] !== "@line") found.at(-1)?.push(words);
      else if (words[1] === String(found.length - 1)) found.push([]);
      else throw new Error(`a line broke those after it: ${JSON.stringify(lines[found.length - 1])}`);
    }
    if (found.length !== lines.length + 1) {
      throw new Error(`${status} after ${JSON.stringify(lines[found.length - 1])}: ${stderr.slice(0, 300)}`);
    }
    return found.slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
