/** What the guides and README tell operators to type works, in the order in which they tell it. test/long/guides.test.ts has the longer ones. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { jujuSays } from "../helpers/juju-says.ts";
import { blocksOf, operatorShell, shellBlocks, type OperatorShell } from "../helpers/operator-shell.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startUpstream({
    releases: ["2.9.59", "2.9.60", "3.6.5", "3.6.7", "3.6.26", "3.6.27"],
    oses: ["ubuntu"],
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());

test("README: from `jam init` to `jam connect`", async () => {
  await using shell = await operatorShell(upstream);
  const block = shellBlocks(await blocksOf("README.md")).find((text) => text.startsWith("jam init"));
  const { stdout } = await shell.types(block ?? "");
  expect(stdout).toMatch(/^Updated from /m);
  expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/m);
  expect(stdout).toContain("juju bootstrap");
});

test("pre-seed.md: the selection of the guide mirrors what the guide promises", async () => {
  await using shell = await operatorShell(upstream);
  await jujuSays(shell, "3.6.5");
  const blocks = await blocksOf("docs/guides/pre-seed.md");
  const [init = "", ...others] = shellBlocks(blocks);
  await shell.types(init);
  const settings = join(shell.path, "jam.yaml");
  const shown = parse(blocks.find(({ language }) => language === "yaml")?.text ?? "") as object;
  await writeFile(settings, stringify({ ...parse(await readFile(settings, "utf8")), ...shown }));
  const printed: string[] = [];
  for (const block of others) printed.push((await shell.types(block)).stdout);
  expect(printed.join("\n")).toContain("breaks cross-model relations here");
  const listed = JSON.parse((await shell.types("jam list -o json")).stdout) as {
    readonly agents: readonly { readonly version: string }[];
  };
  const versions = [...new Set(listed.agents.map(({ version }) => version))];
  expect(versions).toEqual(["2.9.59", "2.9.60", "3.6.5", "3.6.26", "3.6.27"]);
});

/** Puts the settings of a block of YAML over those of the shell's jam.yaml. */
async function changeSettings({ path }: OperatorShell, block: string): Promise<void> {
  const settings = join(path, "jam.yaml");
  const before = parse(await readFile(settings, "utf8")) as object;
  await writeFile(settings, stringify({ ...before, ...(parse(block) as object) }));
}

test("local-streams.md: channels from the first promotion to the deletion", async () => {
  await using shell = await operatorShell(upstream);
  await shell.types("jam init");
  const blocks = await blocksOf("docs/guides/local-streams.md");
  const printed: string[] = [];
  for (const { language, text } of blocks) {
    if (language === "sh") printed.push((await shell.types(text)).stdout);
    // What the page shows of jam.yaml is accepted where it stands; with a delay the promotions after it would find nothing new.
    if (language !== "yaml") continue;
    await changeSettings(shell, text);
    await shell.types("jam config validate\njam channel list\njam prune --dry-run");
    if (text.includes("delay")) await changeSettings(shell, "channels: {}");
  }
  expect(printed.join("\n")).toMatch(/agent-metadata-url=\S+\/channel\/prod\/tools/);
  expect(printed.join("\n")).toContain("its agents have the hash that the history names");
});

test("cron.md: the units and the crontab are written, and the state can be monitored", async () => {
  await using shell = await operatorShell(upstream);
  const [systemd = "", cron = "", ...others] = shellBlocks(await blocksOf("docs/guides/cron.md"));
  await shell.types(`${systemd}rm jam.yaml\n${cron}jam sync --quiet`);
  expect(await readdir(shell.path)).toEqual(
    expect.arrayContaining(["jam-serve.service", "jam-sync.service", "jam-sync.timer", "jam.cron"]),
  );
  for (const block of others) await shell.types(block);
});

test("cache.md: a cache is set up, warmed for an upgrade and found ready", async () => {
  await using shell = await operatorShell(upstream);
  await shell.types("jam init");
  const blocks = await blocksOf("docs/guides/cache.md");
  const [settings = "", severalUpstreams = ""] = blocks.flatMap(({ language, text }) =>
    language === "yaml" ? [text] : [],
  );
  await changeSettings(shell, settings);
  const [setUp = "", look = "", upgrade = "", ...others] = shellBlocks(blocks);
  await shell.types(setUp);
  const { stdout } = await shell.types(look);
  expect(stdout).toMatch(/^line +upstream answers/m);
  expect(stdout).toMatch(/^listed +\d+ agents/m);
  expect((await shell.types(upgrade)).stdout).toMatch(/ready/i);
  for (const block of others) await shell.types(block);
  await shell.types("cp key.asc site-keys.asc");
  await changeSettings(shell, severalUpstreams);
  expect((await shell.types("jam config validate\njam config show")).stdout).toContain("site-keys.asc");
});
