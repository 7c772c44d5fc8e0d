/** The longer guides, typed as they stand: over the air gap, and an upgrade from the plan to the last check. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jujuSays } from "../helpers/juju-says.ts";
import { blocksOf, operatorShell, shellBlocks, type OperatorShell } from "../helpers/operator-shell.ts";
import { peer } from "../helpers/peers.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const gpg = peer("gpg");

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startUpstream({
    releases: ["2.9.42", "2.9.59", "2.9.60", "3.6.26", "3.6.27"],
    oses: ["ubuntu"],
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** Who types the blocks of air-gap.md, in their order. */
const SIDES: readonly (readonly ["near" | "far", string])[] = [
  ["near", 'jam key generate --name "near side"'],
  ["far", "jam key generate"],
  ["near", "jam key trust plant-7.asc"],
  ["near", "jam sync"],
  ["near", "jam bundle create --volume-size dvd --manifest-html --to discs/"],
  ["far", "cd bundle"],
  ["far", "jam bundle import bundle/"],
  ["far", "jam bundle receipt --to plant-7.receipt"],
  ["near", "jam site update plant-7.receipt"],
  ["near", "jam sync"],
];

/** What people carry from one side to the other. */
const CARRIED = /\.asc$|\.receipt$|^bundle$|^delta$/;

async function carry(from: OperatorShell, to: OperatorShell): Promise<void> {
  const there = await readdir(to.path);
  const carried = (await readdir(from.path)).filter((name) => CARRIED.test(name) && !there.includes(name));
  await Promise.all(
    carried.map((name) => cp(join(from.path, name), join(to.path, name), { recursive: true })),
  );
}

/** Puts the lines of a block into a file of settings, in place of the same keys. */
async function changeSettings(shell: OperatorShell, block: string): Promise<void> {
  const file = join(shell.path, "jam.yaml");
  let text = await readFile(file, "utf8");
  for (const line of block.trim().split("\n")) {
    const key = new RegExp(`^#?${line.slice(0, line.indexOf(":"))}:.*$`, "m");
    expect(text).toMatch(key);
    text = text.replace(key, line);
  }
  await writeFile(file, text);
}

test.skipIf(gpg.isMissing)(
  `air-gap.md: two sides exchange keys, a bundle, a receipt and the next bundle${gpg.note}`,
  async () => {
    await using near = await operatorShell(upstream);
    await using far = await operatorShell(upstream);
    const sides = { near, far };
    const blocks = await blocksOf("docs/guides/air-gap.md");
    // package-archive.test.ts types the first blocks: they need a package of jam.
    const typed = shellBlocks(blocks).filter((text) => !/self bundle|install\.sh/.test(text));
    expect(typed.map((text) => text.split("\n")[0])).toEqual(SIDES.map(([, first]) => first));
    await near.types("jam init");
    await far.types("jam init");
    await changeSettings(far, blocks.find(({ language }) => language === "yaml")?.text ?? "");
    for (const [index, [side]] of SIDES.entries()) {
      await sides[side].types(typed[index] ?? "");
      await carry(near, far);
      await carry(far, near);
    }
    const lists = await Promise.all([near, far].map((side) => side.types("jam list -o json")));
    const [here, there] = lists.map(({ stdout }) => (JSON.parse(stdout) as { agents: unknown[] }).agents);
    expect(there).toEqual(here);
    await near.types(`jam bundle create --dry-run --to other/
      jam bundle create --versions ">=3.6 <3.7" --arch amd64 --to part/
      jam bundle create --to - > stream.tar`);
    await far.types(`jam bundle verify bundle/
      jam bundle inspect bundle/
      jam bundle import --dry-run bundle/
      jam inventory --to inventory.json
      jam snapshot list`);
  },
);

test("plan-an-upgrade.md: a plan, its agents, the check, the upgrade and the last look", async () => {
  await using shell = await operatorShell(upstream);
  await jujuSays(shell, "2.9.42");
  await shell.types("jam init\njam key generate\njam sync");
  for (const block of shellBlocks(await blocksOf("docs/guides/plan-an-upgrade.md"))) {
    if (/^(?:jam upgraded|juju status)/m.test(block)) await jujuSays(shell, "2.9.60");
    // 3: not known. Some checks are left to people.
    await shell.types(block, block.startsWith("jam ready") ? [0, 3] : [0]);
  }
  expect(await readFile(join(shell.path, "change.md"), "utf8")).toContain("- [ ]");
});
