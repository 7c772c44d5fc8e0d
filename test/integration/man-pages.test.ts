/** The manual pages, as `npm run build` writes them and as groff and mandoc read them. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { formatPage } from "../../scripts/man/page.ts";
import { bold, item, literal, markup, paragraph } from "../../scripts/man/roff.ts";
import { EXIT_STATUSES } from "../../src/cli/exit-status.ts";
import { COMMANDS } from "../../src/cli/registry.ts";
import { configKeys } from "../../src/config/describe.ts";
import { ERROR_OUTCOMES } from "../../src/shared/errors.ts";
import { jamHere } from "../helpers/jam-here.ts";
import { runProcess } from "../helpers/jam-process.ts";
import { peer } from "../helpers/peers.ts";
import { fc } from "../helpers/property.ts";
import { runs } from "../helpers/tier.ts";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/man/main.ts");
const EPOCH = { SOURCE_DATE_EPOCH: "1700000000" };
const SHOWN = COMMANDS.filter(({ isHidden }) => isHidden !== true).map(({ name }) => name);

let scratch: string;
let pages: ReadonlyMap<string, string>;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "jam-man-"));
  pages = await generate("pages");
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function generate(name: string): Promise<Map<string, string>> {
  const folder = join(scratch, name);
  expect(await runProcess(process.execPath, [SCRIPT, folder], { env: EPOCH })).toMatchObject({
    status: 0,
    stderr: "",
  });
  const names = await readdir(folder);
  return new Map(
    await Promise.all(names.map(async (one) => [one, await readFile(join(folder, one), "utf8")] as const)),
  );
}

/** A page without its escapes. */
function plain(name: string): string {
  const text = pages.get(name) ?? "";
  return text
    .replaceAll(/\\f[BIR]|\\&/g, "")
    .replaceAll(/\\-/g, "-")
    .replaceAll(/\s+/g, " ");
}

test("there is a page for jam, for each command and for the settings, and npm installs each", () => {
  const expected = ["jam.1", "jam.yaml.5", ...SHOWN.map((name) => `jam-${name}.1`)];
  expect([...pages.keys()].sort()).toEqual(expected.sort());
  expect([...packageJson.man].sort()).toEqual(expected.map((name) => `dist/man/${name}`).sort());
});

test("they are the same bytes at every build of one date, and are of that date", async () => {
  expect(await generate("again")).toEqual(pages);
  expect(pages.get("jam.1")).toContain('.TH "JAM" "1" "2023-11-14" "jam ');
});

test.for(SHOWN)("the page of %s names every option, argument and sub-command of its help", async (name) => {
  const page = plain(`jam-${name}.1`);
  const { stdout } = await jamHere(scratch, ["help", name]);
  const words = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+|\w[\w-]*)/gm)].map(([, word = ""]) => word);
  expect(words.length).toBeGreaterThan(0);
  expect(words.filter((word) => !page.includes(word))).toEqual([]);
});

test("jam(1) explains each exit status and names each error, jam.yaml(5) has each key", () => {
  const [main, settings] = [plain("jam.1"), plain("jam.yaml.5")];
  expect(EXIT_STATUSES.filter(([, meaning]) => !main.includes(meaning))).toEqual([]);
  expect(Object.keys(ERROR_OUTCOMES).filter((code) => !main.includes(code))).toEqual([]);
  expect(configKeys().filter((key) => !settings.includes(` .TP ${key} `))).toEqual([]);
});

/** What a terminal shows of text whose bold letters are printed twice, with a backspace between. */
function withoutOverstrikes(text: string): string {
  return text
    .split("\b")
    .map((part, index, all) => (index < all.length - 1 ? part.slice(0, -1) : part))
    .join("");
}

/** A reader of manual pages: the arguments to list what is wrong with pages, and to show one. */
interface PageReader {
  readonly program: string;
  readonly lint: readonly string[];
  readonly show: readonly string[];
}

const MANDOC: PageReader = {
  program: "mandoc",
  lint: ["-T", "lint", "-W", "style"],
  show: ["-T", "utf8", "-O", "width=900"],
};
const MAN: PageReader = {
  program: "man",
  lint: ["--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"],
  show: ["-E", "UTF-8", "-P", "cat", "-l"],
};

const mandoc = peer("mandoc");
const man = peer("man");

describe.skipIf(mandoc.isMissing)(`mandoc${mandoc.note}`, () => readWith(MANDOC));
describe.skipIf(man.isMissing)(`man${man.note}`, () => readWith(MAN));

function readWith({ program, lint, show }: PageReader): void {
  async function complaints(files: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await runProcess(program, [...lint, ...files], {
      env: { MANWIDTH: "80" },
    });
    return `${program === "mandoc" ? stdout : ""}${stderr}${status === 0 ? "" : `status ${status}`}`;
  }

  test("has nothing to say against any page", async () => {
    expect(await complaints([...pages.keys()].map((name) => join(scratch, "pages", name)))).toBe("");
  });

  /** A word as it may stand in a help: letters of any language, signs, and what means something to roff. */
  const word = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(".so", "'br", "\\fB", "\\", "--", "-x", "…", "é", "\\&.", '"', "``"),
    },
  );
  const words = fc
    .array(word, { minLength: 1, maxLength: 30 })
    .map((all) => all.join(" ").replaceAll(/\s+/g, " ").trim())
    .filter((text) => text !== "" && !text.includes("`"));

  async function expectShown(texts: readonly string[]): Promise<void> {
    const lines = texts.flatMap((text) => [
      ...paragraph(markup(text)),
      ...item(bold(text), markup(text)),
      ...literal([text]),
    ]);
    const page = formatPage(
      { name: "jam-x", number: 1, summary: "x", sections: [["TEXT", lines]], seeAlso: ["jam(1)"] },
      { version: "1", date: "2026-11-29" },
    );
    const file = join(scratch, "any.1");
    await writeFile(file, page.text);
    expect(await complaints([file])).toBe("");
    const { stdout } = await runProcess(program, [...show, file], {
      env: { MANWIDTH: "900", LC_ALL: "C.UTF-8" },
    });
    const shown = withoutOverstrikes(stdout).replaceAll(/\s+/g, " ");
    expect(texts.filter((text) => !shown.includes(`${text} ${text} ${text} `))).toEqual([]);
  }

  test("shows any text as it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(words, { minLength: 40, maxLength: 60 }), expectShown),
      runs(2),
    );
  });
}
