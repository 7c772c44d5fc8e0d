/** What the pages promise is there: the files and headings they link to, the commands and flags they name. */
import { existsSync } from "node:fs";
import { glob, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { runJam, temporaryFolder } from "../helpers/jam-process.ts";

const ROOT = resolve(import.meta.dirname, "../..");

interface Page {
  /** From the root of the checkout. */
  readonly path: string;
  readonly text: string;
}

const pages: readonly Page[] = await Promise.all(
  (await Array.fromAsync(glob(["*.md", "docs/**/*.md", "test/**/*.md"], { cwd: ROOT })))
    .toSorted()
    .map(async (path) => ({ path, text: await readFile(join(ROOT, path), "utf8") })),
);

/** The text without code, in which brackets and hashes mean something else. */
function proseOf(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`\n]*`/g, "code");
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replaceAll(/^```.*?^```$/gms, "").matchAll(/^#{1,6} +(.+?) *$/gm);
  const slugs = [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(slugs);
}

describe("links", () => {
  test.for(pages)("of $path lead to files and headings that exist", async ({ path, text }) => {
    const broken: string[] = [];
    for (const [, target = ""] of proseOf(text).matchAll(/\]\(<?([^)>\s]+)>?\)/g)) {
      if (/^[a-z]+:/i.test(target)) continue;
      const [file = "", anchor] = decodeURI(target).split("#");
      const absolute = file === "" ? join(ROOT, path) : resolve(ROOT, dirname(path), file);
      if (!existsSync(absolute) || relative(ROOT, absolute).startsWith("..")) broken.push(target);
      else if (anchor !== undefined && (await stat(absolute)).isFile()) {
        if (!anchorsOf(await readFile(absolute, "utf8")).has(anchor)) broken.push(target);
      }
    }
    expect(broken).toEqual([]);
  });
});

/** The command lines of a page: in its blocks of code and between backticks in its text. */
function commandLinesOf(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)]
    .filter(([, language = ""]) => ["", "sh", "bash", "console", "text"].includes(language))
    .map(([, , block = ""]) => block);
  const inline = [...text.replaceAll(/^ *```.*?^ *```$/gms, "").matchAll(/`([^`\n]+)`/g)].map(
    ([, code = ""]) => code,
  );
  return [...blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n")), ...inline].flatMap(
    (line) =>
      line
        .replace(/(?:^|\s)#.*$/, "")
        .split(/&&|\|\||[|;()]/)
        .map((part) => part.trim().replace(/^\$ /, "")),
  );
}

/** What follows `jam` or `npx jam`, or undefined for another program. */
function jamWordsOf(line: string): string[] | undefined {
  const match = /^(?:[A-Z_]+=\S* )*(?:npx |node bin\/)?jam(?:\.js)? +(.+)$/.exec(line);
  // What follows `--` is the command of another program.
  return match?.[1]?.split(/\s+--(?:\s|$)/)[0]?.split(/\s+/);
}

const helps = new Map<string, Promise<string>>();

/** What `jam … --help` prints for a command; undefined where there is no such command. */
async function helpOf(command: readonly string[]): Promise<string | undefined> {
  const key = command.join(" ");
  const help =
    helps.get(key) ??
    runJam([...command, "--help"]).then(({ status, stdout }) => (status === 0 ? stdout : ""));
  helps.set(key, help);
  return (await help) || undefined;
}

/** The flags with which the options of a help text begin. */
function flagsOf(help: string): Set<string> {
  const options = help.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm);
  return new Set(
    [...options].flatMap(([, short, long]) => [short, long]).filter((flag) => flag !== undefined),
  );
}

const WITH_SUBCOMMANDS = new Set(["channel", "bundle", "config", "key", "self", "site", "snapshot"]);

/** What is wrong with a line, or undefined. */
async function complaintAbout(words: readonly string[]): Promise<string | undefined> {
  const names = words.filter((word) => !word.startsWith("-"));
  const flags = words.flatMap((word) => /^--?[a-z][\w-]*/.exec(word)?.[0] ?? []);
  const [name] = names;
  const top = (await helpOf([])) ?? "";
  const general = flagsOf(top);
  // `jam COMMAND` and `jam …` stand for every command.
  if (name === undefined || /^[A-Z…]/.test(name) || words[0]?.startsWith("-") === true) {
    return flags.find((flag) => !general.has(flag));
  }
  if (!new RegExp(`^ {2}${name}(?: |$)`, "m").test(top)) return `no command ${name}`;
  const sub = WITH_SUBCOMMANDS.has(name) ? names.slice(0, 2) : [name];
  const help = name === "help" ? top : await helpOf(sub);
  if (help === undefined) return `no command ${sub.join(" ")}`;
  const known = flagsOf(help);
  return flags.find((flag) => !known.has(flag) && !general.has(flag));
}

describe("commands", () => {
  test("are found on the pages at all", () => {
    const lines = pages.flatMap(({ text }) => commandLinesOf(text));
    expect(lines.filter((line) => jamWordsOf(line) !== undefined).length).toBeGreaterThan(40);
  });

  test.for(pages)("of $path exist, with the flags they are given", async ({ text }) => {
    const complaints: string[] = [];
    for (const line of new Set(commandLinesOf(text))) {
      const words = jamWordsOf(line);
      const complaint = words && (await complaintAbout(words));
      if (complaint !== undefined) complaints.push(`${line}: ${complaint}`);
    }
    expect(complaints).toEqual([]);
  });

  test.for(pages)("of npm on $path are scripts of package.json", async ({ text }) => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe("settings", () => {
  const examples = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => ({ path, block })),
  );

  test.for(examples)("on $path are accepted", async ({ block }) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "jam.yaml");
    await writeFile(file, block);
    const { status, stderr } = await runJam(["config", "validate", file], { cwd: folder.path });
    expect(status, stderr).toBe(0);
  });
});
