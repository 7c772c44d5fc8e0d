import { expect, test } from "vitest";
import { buildSampleTree, startUpstream } from "../helpers/upstream.ts";
import { temporaryMirror } from "../helpers/mirror.ts";

const tree = await buildSampleTree({
  releases: ["2.9.49", "3.6.27"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
  streams: ["released"],
});

/** The printed lines with single blanks. */
function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
}

test("lists for people fold series and architectures; --wide and JSON name every agent", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released" }] });
  const here = async (...args: string[]) => linesOf((await mirror.here(...args)).stdout);

  const dry = await here("sync", "--dry-run");
  expect(dry.slice(0, 5)).toEqual([
    "To fetch:",
    "VERSION RELEASE ARCH STREAMS SIZE WHY",
    expect.stringMatching(/^2\.9\.49 ubuntu \(\+4 series\) amd64 arm64 released [\d.]+ KiB rule 1$/),
    expect.stringMatching(/^3\.6\.27 ubuntu amd64 arm64 released [\d.]+ KiB rule 1$/),
    "rule 1: released",
  ]);
  expect(dry.join("\n")).toMatch(
    /\nto fetch 12 agents, 4 tarballs, [\d.]+ KiB\nto remove 0 agents\nselected 12 agents, 4 tarballs, [\d.]+ KiB\n/,
  );

  const synced = await here("sync");
  expect(synced.slice(1)).toEqual([
    "new 2.9.49 ubuntu (+4 series) amd64 arm64",
    "3.6.27 ubuntu amd64 arm64",
    expect.stringMatching(/^fetched 12 agents, 4 tarballs, [\d.]+ KiB in /),
    expect.stringMatching(/^held 12 agents, 4 tarballs, [\d.]+ KiB$/),
    expect.stringMatching(/^snapshot \S+$/),
    "",
  ]);

  const size = "[\\d.]+ KiB";
  expect(await here("list")).toEqual([
    "VERSION RELEASE ARCH STREAMS SIZE",
    expect.stringMatching(`^2.9.49 ubuntu \\(\\+4 series\\) amd64 arm64 released ${size}$`),
    expect.stringMatching(`^3.6.27 ubuntu amd64 arm64 released ${size}$`),
    expect.stringMatching(`^12 agents, 4 tarballs, ${size}$`),
    "",
  ]);
  expect((await here("list", "--release", "focal"))[2]).toMatch(/^2 agents, 2 tarballs, /);
  const wide = await here("list", "--wide");
  expect(wide[0]).toBe("VERSION RELEASE ARCH STREAMS SIZE PATH");
  expect(wide.filter((line) => /^\d/.test(line))).toHaveLength(12);
  const { agents } = JSON.parse((await mirror.here("list", "-o", "json")).stdout) as { agents: unknown[] };
  expect(agents).toHaveLength(12);
  expect(await mirror.here("list", "9.9.9")).toMatchObject({ status: 5, stdout: "" });

  await mirror.configure({ deny: [{ version: "2.9.49" }] });
  expect((await here("sync", "--dry-run")).slice(0, 4)).toEqual([
    "To remove from the index:",
    "VERSION RELEASE ARCH REASON WHY",
    "2.9.49 ubuntu (+4 series) amd64 arm64 denied note 1",
    "note 1: denied (2.9.49): no reason given",
  ]);
  expect(await here("sync")).toContain("removed 2.9.49 ubuntu (+4 series) amd64 arm64 denied");
});

test("a slip in a name has the near name, and a folder that is not there is no empty mirror", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released" }] });
  await mirror.sync();
  for (const [args, said] of [
    [["list", "--arch", "amd46"], "--arch amd46: did you mean amd64?"],
    [["list", "--stream", "relased"], "--stream relased: did you mean released?"],
    [["list", "--release", "xenail"], "--release xenail: did you mean xenial?"],
    [["list", "3.6.27-ubunto-arm64"], "did you mean 3.6.27-ubuntu-arm64?"],
    [["explain", "3.6.27-ubunto-arm64", "--offline"], "did you mean 3.6.27-ubuntu-arm64?"],
    [["explain", "3.6.27-ubuntu-arm46", "--offline"], "did you mean 3.6.27-ubuntu-arm64?"],
    [["explain", "9.9.9", "--offline"], '"9.9.9" matches no agent that is held.'],
    [["list", "--data", "/nonexistent"], "/nonexistent does not exist."],
    [["verify", "--data", "/nonexistent"], "/nonexistent does not exist."],
  ] as const) {
    const { status, stderr } = await mirror.here(...args);
    expect([status, stderr]).toEqual([5, expect.stringContaining(said)]);
  }
});
