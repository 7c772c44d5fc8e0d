/** Every way to install that README shows: its blocks are typed in a copy of the checkout, one after the other. */
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { runProcess, temporaryFolder } from "../helpers/jam-process.ts";
import { forThisMachine, installationBlocks } from "../helpers/readme-install.ts";
import { ROOT } from "../helpers/packed.ts";

const blocks = await installationBlocks();
/** test/debian/readme-install.test.ts types the others in a bare Debian. */
const ofUser = blocks.filter((block) => !/^sudo /m.test(block));

/** What a clone does not contain. */
const NOT_CLONED = /^(?:node_modules|dist|dist-packages|coverage|bench-results|demo-data|mirror-data|\.git)$/;
const UNREACHABLE = /\b(?:EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENETUNREACH)\b/;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, "clone"));
  const names = (await readdir(ROOT)).filter((name) => !NOT_CLONED.test(name));
  const copied = names.map((name) =>
    cp(join(ROOT, name), join(folder.path, "clone", name), { recursive: true }),
  );
  await Promise.all(copied);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Types lines with an empty home folder, into which npm installs globally. */
function types(lines: string, cwd: string) {
  const home = folder.path;
  const bins = [".local/bin", ".npm-global/bin"].map((path) => join(home, path));
  // npm's own settings and cache are the user's: the registry is the one that `npm ci` used.
  const settings = Object.entries(process.env).filter(([name]) => /^npm_config_/i.test(name));
  const env = {
    ...(Object.fromEntries(settings) as Record<string, string>),
    HOME: home,
    PATH: [...bins, dirname(process.execPath), process.env["PATH"]].join(delimiter),
    // The copy has no history, from which the archive takes its date.
    SOURCE_DATE_EPOCH: "1700000000",
    npm_config_prefix: join(home, ".npm-global"),
    npm_config_prefer_offline: "true",
    npm_config_fetch_retries: "1",
    npm_config_update_notifier: "false",
    ...(process.env["HOME"] && { npm_config_cache: join(process.env["HOME"], ".npm") }),
  };
  return runProcess("sh", ["-euc", forThisMachine(lines)], { cwd, env });
}

test("there is more than one way to install", () => {
  expect(ofUser.length).toBeGreaterThanOrEqual(3);
});

test.for(ofUser.map((block) => ({ name: block.split(/ +#|\n/)[0] ?? "", block })))(
  "the block that begins with `$name` makes jam available",
  async ({ block }, context) => {
    const { status, stderr } = await types(block, join(folder.path, "clone"));
    if (status !== 0 && UNREACHABLE.test(stderr)) context.skip("The npm registry cannot be reached.");
    expect(status, stderr).toBe(0);
    const found = await types("command -v jam; jam --version", folder.path);
    expect(found.stdout, found.stderr).toBe(`${found.stdout.split("\n")[0]}\n${packageJson.version}\n`);
    // The next block has to do it again.
    await rm(found.stdout.split("\n")[0] ?? "");
  },
);
