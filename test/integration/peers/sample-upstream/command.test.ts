import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readKey } from "openpgp";
import { expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../../../peers/sample-upstream/main.ts");
const FEW = ["--releases", "3.6.27", "--arch", "amd64", "--size", "600"];

/** The command as a process of its own, and its first line. */
async function run(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...FEW, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit") as Promise<[code: number | null, signal: string | null]>;
  const errors: Buffer[] = [];
  child.stderr.on("data", (piece: Buffer) => errors.push(piece));
  const lines = createInterface(child.stdout);
  const [first] = (await Promise.race([once(lines, "line"), once(lines, "close")])) as [string?];
  return { child, ended, first, errors: () => Buffer.concat(errors).toString() };
}

test("prints its URL, writes its key and ends on SIGTERM", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sample-key-"));
  const file = join(folder.path, "key.asc");
  const { child, ended, first = "" } = await run(["--listen", "127.0.0.1:0", "--write-key", file]);

  expect(first).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/juju\/tools\/$/);
  expect((await fetch(new URL("streams/v1/index2.sjson", first))).status).toBe(200);
  expect((await readKey({ armoredKey: await readFile(file, "utf8") })).isPrivate()).toBe(false);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("ends by itself after the time given", async () => {
  const { ended, first } = await run(["--for", "1s"]);
  expect(first).toMatch(/^http:/);
  expect(await ended).toEqual([0, null]);
});

test("explains what it does not understand", async () => {
  const { ended, errors } = await run(["--for", "soon"]);
  expect(await ended).toEqual([2, null]);
  expect(errors()).toContain("--for soon: expected a time, as 90s, 30m, 2h.");
});
