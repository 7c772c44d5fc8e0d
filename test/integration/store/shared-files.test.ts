import { readdirSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SharedFiles } from "../../../src/store/fs/shared-files.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";

const countFiles = () => readdirSync("/proc/self/fd").length;

async function textOf({ file }: NonNullable<Awaited<ReturnType<SharedFiles["open"]>>>): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0);
  return buffer.toString("utf8", 0, bytesRead);
}

test("many readers of a file need one descriptor, until the last one closes it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a");
  await writeFile(path, "one");
  const files = new SharedFiles();
  const before = countFiles();
  const readers = await Promise.all(Array.from({ length: 50 }, () => files.open(path)));
  const late = await files.open(path);
  expect(countFiles() - before).toBe(1);
  for (const reader of readers) await reader?.close();
  // Closing twice counts once.
  await readers[0]?.close();
  expect(late && (await textOf(late))).toBe("one");
  await late?.close();
  expect(countFiles()).toBe(before);
});

test("whoever comes after a file was replaced gets the new one, and the others keep theirs", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a");
  await writeFile(path, "one");
  const files = new SharedFiles();
  const old = await files.open(path);
  await writeFile(`${path}.new`, "longer");
  await rename(`${path}.new`, path);
  const [first, second] = await Promise.all([files.open(path), files.open(path)]);
  expect([first?.size, old && (await textOf(old)), first && (await textOf(first))]).toEqual([
    6,
    "one",
    "longer",
  ]);
  expect(second?.file).toBe(first?.file);
  await old?.close();
  expect(await files.open(path).then((third) => third?.file)).toBe(first?.file);
});

test("a file that is deleted while it is read is not opened again", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a");
  await writeFile(path, "one");
  const files = new SharedFiles();
  const reader = await files.open(path);
  await rm(path);
  await expect(files.open(path)).rejects.toMatchObject({ code: "ENOENT" });
  expect(reader && (await textOf(reader))).toBe("one");
  await reader?.close();
});

test.for(["a folder", "a link"])(
  "%s in the place of a file is not opened, also while the file is read",
  async (what) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a");
    await writeFile(path, "one");
    const files = new SharedFiles();
    const open = () => files.open(path).catch((error: NodeJS.ErrnoException) => error.code);
    const reader = await files.open(path);
    await rm(path);
    if (what === "a folder") await mkdir(path);
    else await symlink("/etc/hostname", path);
    expect(await open()).toBeUndefined();
    await reader?.close();
    expect([undefined, "ELOOP"]).toContain(await open());
  },
);
