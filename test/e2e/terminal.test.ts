/** What people see in a terminal of 80 or 120 columns, and in another time zone. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jamHere } from "../helpers/jam-here.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const zone = process.env["TZ"];
let upstream: TestUpstream;
let mirror: TestMirror;
let first: string;

beforeAll(async () => {
  process.env["TZ"] = "America/New_York";
  const content = { arches: ["amd64", "arm64", "ppc64el", "s390x"] } as const;
  const [old, now] = ["3.6.26", "3.6.27"];
  upstream = await startUpstream({
    tree: await buildSampleTree({
      ...content,
      releases: ["2.9.60", old],
      now: new Date(Date.now() - 60_000),
    }),
  });
  mirror = await temporaryMirror(upstream, {
    site: "near",
    select: [{ stream: "*", versions: ">=2.9.60 <4", keep: 3 }],
  });
  await mirror.sync();
  first = (JSON.parse((await mirror.here("status", "-o", "json")).stdout) as { snapshot: { id: string } })
    .snapshot.id;
  upstream.publish(await buildSampleTree({ ...content, releases: ["2.9.60", old, now], now: new Date() }));
  await mirror.sync();
  for (const words of [
    "key generate --name near",
    "bundle create --to bundle",
    "bundle receipt --site plant-7 --to plant-7.receipt",
    "site update plant-7.receipt",
  ])
    expect(await mirror.here(...words.split(" "))).toMatchObject({ status: 0 });
  await writeFile(
    join(mirror.folder, "plan.json"),
    (await mirror.here("plan", "--from", "2.9.60", "--to", "3.6", "-o", "json")).stdout,
  );
});
afterAll(async () => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const COMMANDS = [
  "status",
  "list",
  "list --wide 3.6",
  "explain 3.6",
  "explain --wide 3.6.27",
  "sync --dry-run",
  "sync",
  "check",
  "config show",
  "snapshot list",
  "snapshot show",
  "snapshot diff FIRST",
  "which 3.6.26",
  "which 2.9.60 --to 3.6.27 --trace",
  "lookup 3.6.27-ubuntu-arm64",
  "plan --from 2.9.60 --to 3.6",
  "ready --plan plan.json",
  "graph --from 2.9.60",
  "key list",
  "site list",
  "bundle create --to other --dry-run",
  "bundle create --to bundle",
  "bundle inspect bundle",
  "bundle inspect bundle --agents",
  "bundle verify bundle",
  "bundle import bundle --dry-run",
  "prune",
] as const;

const wordsOf = (command: string) => command.replace("FIRST", first).split(" ");

/** A line that stays whole: a command, which has to be pasted, or one word. */
const WHOLE = /^\s*(?:\S+|.*\b(?:jam|juju|sudo|snap|curl) .*|\s*--\S+ .*\\)$/;

describe.each([80, 120])("in %i columns", (columns) => {
  test.for(COMMANDS)("jam %s fits", async (command) => {
    const { stdout } = await jamHere(mirror.folder, wordsOf(command), { columns });
    const wide = stdout.split("\n").filter((line) => line.length > columns && !WHOLE.test(line));
    expect(wide).toEqual([]);
    // Cells that are as narrow as a syllable cannot be read.
    expect(stdout).not.toMatch(/^(?:.{1,3}\n){4}/m);
  });
});

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?\S*/g;

describe("in New York", () => {
  test.for(COMMANDS)("the times of jam %s have the offset of there", async (command) => {
    const { stdout, stderr } = await jamHere(mirror.folder, wordsOf(command));
    const times = [...`${stdout}${stderr}`.matchAll(TIME)].map(([time]) => time);
    expect(times.filter((time) => !/-0[45]:00[,:.)]?$/.test(time))).toEqual([]);
  });

  test("status and snapshot show have times, and JSON has them in UTC", async () => {
    for (const command of ["status", "snapshot show"]) {
      const text = (await jamHere(mirror.folder, wordsOf(command))).stdout;
      expect(text).toMatch(/-\d\dT\d\d:\d\d:\d\d-0[45]:00/);
      const { stdout } = await jamHere(mirror.folder, [...wordsOf(command), "-o", "json"]);
      const times = [...stdout.matchAll(/"(\d{4}-\d\d-\d\dT[^"]*)"/g)].map(([, time = ""]) => time);
      expect(times.length).toBeGreaterThan(0);
      expect(times.filter((time) => !time.endsWith("Z"))).toEqual([]);
    }
  });

  test("fingerprints are in groups of four, and plain in JSON", async () => {
    for (const command of ["key list", "site list", "check", "bundle inspect bundle", "snapshot show"]) {
      const { stdout } = await jamHere(mirror.folder, wordsOf(command));
      expect([command, stdout]).toEqual([command, expect.stringMatching(/(?:[0-9A-F]{4} ){9}[0-9A-F]{4}/)]);
      expect([command, stdout]).toEqual([command, expect.not.stringMatching(/[0-9A-F]{40}/)]);
    }
    expect((await jamHere(mirror.folder, ["key", "list", "-o", "json"])).stdout).toMatch(/"[0-9A-F]{40}"/);
  });
});
