/** Media on which somebody put more files than anybody can have meant. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findVolumes } from "../../../src/medium/find-volumes.ts";
import { jamHere } from "../../helpers/jam-here.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";

async function crowded(ending: string, count: number) {
  const folder = await temporaryFolder();
  for (let number = 0; number < count; number += 1)
    writeFileSync(join(folder.path, `${number}${ending}`), "");
  return folder;
}

test("a folder of more archives than a bundle has volumes is refused with their number, before one is opened", async () => {
  await using folder = await crowded(".tar", 10_001);
  await expect(findVolumes({ path: folder.path, typed: "stick" })).rejects.toMatchObject({
    code: "JAM_MEDIUM_UNUSABLE",
    message: expect.stringContaining("stick contains 10001 *.tar files"),
    hint: expect.stringContaining("folder of their own"),
  });
});

test.for([".txt", ".tgz"])("as many files %s are not in the way of one volume", async (ending) => {
  await using folder = await crowded(ending, 10_001);
  writeFileSync(join(folder.path, "one.tar"), "x");
  expect(await findVolumes({ path: folder.path, typed: "stick" })).toMatchObject([{ name: "stick/one.tar" }]);
});

test.for([
  ["site", "update", "odd"],
  ["bundle", "create", "--unsigned", "--have", "odd", "--to", "out.tar"],
  ["upgraded", "odd"],
])("jam %s %s: more files in a folder than anybody can mean are refused by its name", async (args) => {
  await using folder = await temporaryFolder();
  mkdirSync(join(folder.path, "odd"));
  for (let number = 0; number < 10_001; number += 1)
    writeFileSync(join(folder.path, "odd", `odd ${number}\n.json`), "");
  const { status, stderr } = await jamHere(folder.path, args);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(
      /odd contains (?:10001|more than 10000) .*JAM_USAGE_INVALID[^]*next: {2}Name/,
    ),
  });
});
