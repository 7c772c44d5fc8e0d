/** The ways to install that README shows and that need root: typed in a bare Debian. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { buildDeb } from "../../scripts/package/deb/build-deb.ts";
import { ARCHES } from "../../scripts/package/target.ts";
import { forThisMachine, installationBlocks } from "../helpers/readme-install.ts";
import { debianPeer, debianRoot } from "./debian-root.ts";

const debian = debianPeer();
const blocks = (await installationBlocks()).filter((block) => /^sudo /m.test(block));
const arch = ARCHES.find((one) => one === process.arch);

describe.skipIf(debian.isMissing)(`README in a bare Debian${debian.note}`, () => {
  test("what the commands for root install is this version of jam", async () => {
    expect(blocks).toHaveLength(1);
    if (arch === undefined) throw new Error(`There is no package for ${process.arch}.`);
    await using root = await debianRoot();
    const to = join(root.path, "root/dist-packages");
    await mkdir(to);
    // What `npm run package` writes, without its compression, which takes minutes.
    await buildDeb({ arch, to, madeAt: 1_700_000_000, level: 0 });
    const lines = forThisMachine(blocks.join("")).split("\n");
    expect(lines[0]).toBe(`npm run package -- --arch ${arch} --format deb`);
    for (const line of lines.filter((each) => each.startsWith("sudo "))) {
      const typed = await root.run(["sh", "-euc", `cd /root; ${line.slice("sudo ".length)}`]);
      expect(typed.status, `${line}\n${typed.stdout}\n${typed.stderr}`).toBe(0);
    }
    const { stdout, stderr } = await root.run(["jam", "--version"]);
    expect(stdout, stderr).toBe(`${packageJson.version}\n`);
  });
});
