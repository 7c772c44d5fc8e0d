/** What a package is made of and this checkout does not have: fetched once, kept in the user's cache, always verified. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PackageError, runProgram } from "./target.ts";

/** An npm package with the hash of its tarball. */
export interface PinnedNpm {
  readonly package: string;
  readonly version: string;
  /** As in a package-lock.json: `sha512-…` in base64. */
  readonly integrity: string;
}

/** A Debian package with its place in an archive. */
export interface PinnedDebian {
  readonly path: string;
  readonly sha256: string;
}

/**
 * The tarball of an npm package, by npm with its own settings.
 * @throws PackageError when it cannot be fetched or is another one
 */
export async function fetchNpm(pinned: PinnedNpm): Promise<string> {
  const [algorithm, expected] = pinned.integrity.split("-", 2) as [string, string];
  const name = `${pinned.package}-${pinned.version}.tgz`;
  return fetchOnce(name, { algorithm, expected: Buffer.from(expected, "base64").toString("hex") }, (folder) =>
    runProgram("npm", [
      "pack",
      "--silent",
      "--pack-destination",
      folder,
      `${pinned.package}@${pinned.version}`,
    ]),
  );
}

/**
 * A Debian package, by apt with its own settings.
 * @throws PackageError when it cannot be fetched or is another one
 */
export async function fetchDebian(pinned: PinnedDebian): Promise<string> {
  const name = basename(pinned.path);
  return fetchOnce(name, { algorithm: "sha256", expected: pinned.sha256 }, async (folder) => {
    const url = `${await debianMirror()}/${pinned.path}`;
    await runProgram("/usr/lib/apt/apt-helper", [
      "download-file",
      url,
      join(folder, name),
      `SHA256:${pinned.sha256}`,
    ]);
  });
}

interface Expected {
  readonly algorithm: string;
  /** Lower-case hex. */
  readonly expected: string;
}

async function fetchOnce(
  name: string,
  hash: Expected,
  fetchInto: (folder: string) => Promise<unknown>,
): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "jam", "package");
  const kept = join(cache, name);
  if ((await hashOf(kept, hash.algorithm)) === hash.expected) return kept;
  const folder = join(cache, `fetching-${process.pid}`);
  await mkdir(folder, { recursive: true });
  try {
    await fetchInto(folder);
    const found = await hashOf(join(folder, name), hash.algorithm);
    if (found !== hash.expected) {
      throw new PackageError(`${name} is not the pinned file: ${hash.algorithm} ${found ?? "of no file"}`);
    }
    await rename(join(folder, name), kept);
    return kept;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function hashOf(file: string, algorithm: string): Promise<string | undefined> {
  const hash = createHash(algorithm);
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return hash.digest("hex");
}

/** The Debian archive that this machine's apt uses, or the one that the maker names. */
export async function debianMirror(): Promise<string> {
  const named = process.env["JAM_DEBIAN_MIRROR"];
  if (named !== undefined) return named.replace(/\/+$/, "");
  for (const folder of ["/etc/apt", "/etc/apt/sources.list.d"]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((one) => /\.(?:list|sources)$/.test(one)).sort()) {
      const text = await readFile(join(folder, name), "utf8");
      const found = /^(?:URIs:|deb\s+(?:\[[^\]]*\]\s*)?)\s*(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text);
      if (found?.[1] !== undefined) return found[1];
    }
  }
  throw new PackageError(
    "No Debian archive is known for the libraries of Node: set JAM_DEBIAN_MIRROR=URL (it has pool/), on a machine with apt.",
  );
}
