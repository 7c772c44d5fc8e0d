/** The page about the API says what is there, and its examples work. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RESOURCE_NAMES, RESOURCES } from "../../src/server/api/resources.ts";
import { healthyFleet } from "../helpers/healthy-fleet.ts";
import { runJam, runProcess } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe, type ServeProcess } from "../helpers/running-jam.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const PAGE = resolve(import.meta.dirname, "../../docs/reference/api.md");

let text: string;
let upstream: TestUpstream;
let mirror: TestMirror;
let serve: ServeProcess;

beforeAll(async () => {
  text = await readFile(PAGE, "utf8");
  upstream = await startUpstream({ releases: ["2.9.60", "3.6.27"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
  for (const words of ["create prod --from mirror", "promote prod --reason tested"]) {
    const { status, stderr } = await runJam(["channel", ...words.split(" ")], { cwd: mirror.folder });
    expect(status, stderr).toBe(0);
  }
  await mkdir(join(mirror.folder, "fleet"));
  for (const { name, text: listing } of healthyFleet("2.9.60")) {
    await writeFile(join(mirror.folder, "fleet", name), listing);
  }
  serve = await startServe(mirror.folder);
});

afterAll(async () => {
  for (const one of [serve, mirror, upstream]) await one[Symbol.asyncDispose]();
});

/** Cells of the rows of a page's tables that begin with a resource. */
function rowsOf(page: string): string[][] {
  return [...page.matchAll(/^\| (`.*) \|$/gm)].map(([, row = ""]) => row.split(" | "));
}

const wordsOf = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);

test("names every resource with its methods and parameters", () => {
  const rows = rowsOf(text);
  for (const name of RESOURCE_NAMES) {
    const { body, parameters } = RESOURCES[name];
    const [, methods] = rows.find(([first]) => first === `\`/api/v1/${name}\``) ?? [];
    expect([name, methods]).toEqual([name, body === undefined ? "GET" : "GET, POST"]);
    const own = rows.find(([first, second]) => wordsOf(first).includes(name) && second?.startsWith("`"));
    expect([name, ...wordsOf(own?.[1])]).toEqual([name, ...parameters.map((one) => one.name)]);
  }
});

test("has examples that work as they are written", async () => {
  const commands = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
    block.trim().split("\n"),
  );
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) {
    const line = command.replaceAll("http://mirror.example:8080", serve.url);
    const { status, stdout, stderr } = await runProcess("sh", ["-c", line], { cwd: mirror.folder });
    expect(status, `${command}\n${stderr}`).toBe(0);
    const answer = line.endsWith("> plan.json")
      ? await readFile(join(mirror.folder, "plan.json"), "utf8")
      : stdout;
    const document = JSON.parse(answer) as Readonly<Record<string, unknown>>;
    // A decision has the code null where nothing is wrong.
    expect(document["code"] ?? null, `${command}\n${answer}`).toBeNull();
    expect(Object.keys(document).length, command).toBeGreaterThan(0);
  }
});
