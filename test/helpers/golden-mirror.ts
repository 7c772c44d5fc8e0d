/** A synced mirror that tests damage copies of, file by file. */
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { flipByteQuietly } from "./damage-file.ts";
import { temporaryFolder } from "./jam-process.ts";
import { temporaryMirror } from "./mirror.ts";
import { buildSampleTree, startUpstream } from "./upstream.ts";

/** Every kind of damage of a file; `other` has other bytes. */
export const FILE_DAMAGES = {
  "has a flipped byte": (path: string) => flipByteQuietly(path, Math.floor(lstatSync(path).size / 2)),
  "is cut": (path: string) => truncate(path, Math.floor(lstatSync(path).size / 2)),
  "is empty": (path: string) => truncate(path, 0),
  "is gone": (path: string) => rm(path),
  "has the bytes of another file": async (path: string, other: string) =>
    writeFile(path, await readFile(other)),
  "is a folder": async (path: string) => {
    await rm(path);
    await mkdir(path);
  },
  "is a symbolic link": async (path: string, other: string) => {
    await rm(path);
    await symlink(other, path);
  },
  "is a pipe": async (path: string) => {
    await rm(path);
    execFileSync("mkfifo", [path]);
  },
  "cannot be read by others": (path: string) => chmod(path, 0o600),
  "can be read by nobody": (path: string) => chmod(path, 0),
  "can be changed by everybody": (path: string) => chmod(path, 0o666),
} as const;

/** A small mirror that was synced and verified, its upstream, and a file of each kind in it. */
export async function goldenMirror() {
  const tree = await buildSampleTree({
    releases: ["2.9.60", "3.6.27"],
    arches: ["amd64", "arm64"],
    oses: ["ubuntu"],
  });
  const upstream = await startUpstream({ tree });
  const mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released" }, { stream: "proposed" }, { stream: "devel" }],
  });
  await mirror.sync();
  await mirror.jam("verify", "--deep");
  const { data } = mirror;

  /** The `at`-th path that matches. */
  function pathOf(pattern: RegExp, at = 0): string {
    const found = readdirSync(data, { recursive: true })
      .map(String)
      .filter((name) => pattern.test(name) && !lstatSync(join(data, name)).isDirectory())
      .sort()[at];
    if (found === undefined) throw new Error(`nothing matches ${pattern}`);
    return found;
  }

  const files = {
    "a tarball": [pathOf(/^blobs\/.*\/[0-9a-f]{64}$/), pathOf(/^blobs\/.*\/[0-9a-f]{64}$/, 1)],
    "a snapshot": [pathOf(/^snapshots\//), pathOf(/^history\//)],
    "a page of a catalogue": [pathOf(/^catalogue\//), pathOf(/^catalogue\//, 1)],
    "a document of upstream": [pathOf(/^upstream\//), pathOf(/^upstream\//, 1)],
    "a note": [pathOf(/^state\/upstream-memory/), pathOf(/^state\/verified/)],
    "a report": [pathOf(/^history\//), pathOf(/^snapshots\//)],
    "the index in the tree": [
      pathOf(/^published\/.*\/index2\.json$/),
      pathOf(/^published\/.*released-agents\.json$/),
    ],
    "a product file in the tree": [
      pathOf(/^published\/.*released-agents\.json$/),
      pathOf(/^published\/.*\/index2\.json$/),
    ],
    format: ["format", pathOf(/^history\//)],
  } as const satisfies Record<string, readonly [string, string]>;

  return {
    mirror,
    upstream,
    pathOf,
    /** Path of a file of each kind, and of one with other bytes; relative to the data directory. */
    files,
    /** Where the bytes of a path are: what several trees share is in a pool, and a tree has links to it. */
    realPath: (path: string) => relative(data, realpathSync(join(data, path))),
    /** A copy of settings, key and data directory. */
    async copy() {
      const folder = await temporaryFolder();
      await cp(mirror.folder, folder.path, {
        recursive: true,
        filter: (path) => path !== data,
      });
      // Node's own would make copies of hard links.
      execFileSync("cp", ["-a", data, join(folder.path, "data")]);
      return folder;
    },
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}
