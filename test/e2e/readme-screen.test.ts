/** README shows what the program prints today: each block `console` is run against a sample upstream, and compared. */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { runJam, temporaryFolder } from "../helpers/jam-process.ts";
import { startUpstream } from "../helpers/upstream.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const readme = await readFile(join(ROOT, "README.md"), "utf8");

/** What differs from run to run and from machine to machine. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/\b\d{8}T\d{6}Z-[0-9a-f]{8}\b/g, "SNAPSHOT"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?/g, "TIME"],
  [/127\.0\.0\.1:\d+/g, "ADDRESS"],
  [/\b[\d.]+ (?:B|[KMG]iB)(?!\w)/g, "SIZE"],
  [/\b[\d.]+ m?s\b/g, "DURATION"],
  // Columns are as wide as the longest size.
  [/ {2,}/g, "  "],
];

function normalised(text: string): string {
  return VARIABLE.reduce((kept, [pattern, word]) => kept.replaceAll(pattern, word), text);
}

/** The commands of a block, each with the output that the page shows below it. */
function runsOf(block: string): { readonly command: string; readonly shown: string }[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((run) => ({
      command: run.slice(0, run.indexOf("\n")),
      shown: run.slice(run.indexOf("\n") + 1),
    }));
}

test("the screen shows what the commands print", async () => {
  const blocks = [...readme.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  expect(blocks).toHaveLength(1);
  await using upstream = await startUpstream({
    releases: ["2.9.59", "2.9.60", "3.6.26", "3.6.27", "4.0.14", "4.0.15"],
    oses: ["ubuntu", "centos", "windows"],
  });
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "key.asc"), upstream.tree.key.publicKeyArmored);
  const jam = (...args: string[]) => runJam(args, { cwd: folder.path });
  expect((await jam("init", "--upstream", upstream.url, "--keyring", "key.asc")).status).toBe(0);
  const runs = blocks.flatMap(runsOf);
  expect(runs.length).toBeGreaterThanOrEqual(3);
  for (const { command, shown } of runs) {
    const [program, ...args] = command.split(" ");
    expect(program).toBe("jam");
    const { stdout } = await jam(...args);
    expect(normalised(stdout).trim(), `$ ${command}\n${stdout}`).toBe(normalised(shown).trim());
  }
  const lines = blocks.flatMap((block) => block.split("\n"));
  expect(lines.length).toBeLessThanOrEqual(26);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test("the versions of Node are those of package.json", () => {
  const [lowest, newest] = packageJson.engines.node.split(" || ").map((range) => range.replace("^", ""));
  expect(readme).toContain(`Node.js ${lowest} or later, or ${newest}`);
  expect(readme).toContain(packageJson.devDependencies.node);
  expect(readme).toContain(`juju-agent-mirror-${packageJson.version}.tgz`);
});
