/** Listings of a fleet that are weeks old are named wherever something is decided from them. */
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noteOldFiles, writtenAt } from "../../src/upgrade/fleet/file-age.ts";
import { healthyFleet } from "../helpers/healthy-fleet.ts";
import { temporaryMirror } from "../helpers/mirror.ts";
import { startUpstream } from "../helpers/upstream.ts";

const DAY_MS = 86_400_000;
const NOW = new Date("2026-11-30T12:00:00Z");
const daysAgo = (days: number, from = NOW) => new Date(from.getTime() - days * DAY_MS);

test("plan, ready and upgraded say how old the files are, and nothing where they are young", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.27", "3.6.28"], oses: ["ubuntu"] });
  await using mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", arch: ["amd64"] }],
  });
  await mirror.sync();
  const folder = join(mirror.folder, "fleet");
  await mkdir(folder);
  for (const file of healthyFleet("3.6.27"))
    if ("text" in file) await writeFile(join(folder, file.name), file.text);
  const commands = [
    ["plan", "--fleet", "fleet", "--to", "3.6.28"],
    ["ready", "--fleet", "fleet", "--to", "3.6.28"],
    ["upgraded", "--to", "3.6.28", "fleet"],
  ];
  const said = async (words: string[]) => {
    const { stdout, stderr } = await mirror.here(...words);
    return stdout + stderr;
  };
  for (const words of commands) expect(await said(words)).not.toContain("Old: ");
  const old = daysAgo(23, new Date());
  for (const file of healthyFleet("3.6.27")) await utimes(join(folder, file.name), old, old);
  for (const words of commands) {
    const text = (await said(words)).replaceAll(/\s+/g, " ");
    expect({ words, text }).toMatchObject({ text: expect.stringContaining("(23 days ago)") });
    expect(text).toContain(`is of ${old.toISOString().slice(0, 10)}`);
    expect(text).toContain("; and 1 more.");
  }
});

test.for([
  ["the file's own date", "since: 01 Nov 2026 10:00:00Z", 20, 20],
  ["what happened later and the listing shows", "since: 20 Nov 2026 12:00:00Z", 20, 10],
  ["the same in JSON, in another time zone", '"since": "20 Nov 2026 14:00:00+02:00"', 20, 10],
  ["not what is later than now", "since: 20 Dec 2026 12:00:00Z", 20, 20],
  ["the file's own date without any other", "models: []", 20, 20],
] as const)("the age is %s", ([, text, saved, expected]) => {
  expect(writtenAt(text, daysAgo(saved), NOW)).toEqual(daysAgo(expected));
});

test("only what is older than some days is named, the oldest first", () => {
  const files = [6, 8, 30].map((days) => ({ name: `f${days}`, writtenAt: daysAgo(days) }));
  expect(noteOldFiles(files, NOW)).toEqual([
    "Old: f30 is of 2026-10-31 (30 days ago); f8 is of 2026-11-22 (8 days ago). What changed in the fleet since then is not known; write it again.",
  ]);
  expect(noteOldFiles(files.slice(0, 1), NOW)).toEqual([]);
});
