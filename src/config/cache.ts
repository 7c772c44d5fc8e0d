import { lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type Sha256, sha256Of } from "../shared/sha256.ts";
import type { Environment } from "./environment.ts";
import type { ConfigFile } from "./schema.ts";

/** Entries beyond this are dropped all at once: each edit of a settings file leaves one behind. */
const MAX_ENTRIES = 64;

/**
 * Settings that passed the check once, so that the parser and the schema need not be loaded at every start
 * (together some 60 ms, twice what Node itself takes). The key covers the file's text, the environment's settings and the
 * program's version; whatever is unreadable, unwritable or not ours alone is as if it were not there.
 */
export interface ConfigCache {
  readonly get: (key: Sha256) => ConfigFile | undefined;
  readonly put: (key: Sha256, settings: ConfigFile) => void;
}

/** The key of settings: equal only when the check would end the same. */
export function configCacheKey(version: string, text: string, environment: unknown): Sha256 {
  return sha256Of(JSON.stringify([version, text, environment]));
}

/** The cache in the user's cache folder; one that never holds anything where there is no such folder. */
export function openConfigCache(env: Environment): ConfigCache {
  const folder = cacheFolder(env);
  return {
    get: (key) => {
      if (folder === undefined || !isPrivate(folder)) return undefined;
      try {
        return JSON.parse(readFileSync(join(folder, `${key}.json`), "utf8")) as ConfigFile;
      } catch {
        return undefined;
      }
    },
    put: (key, settings) => {
      if (folder === undefined) return;
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        if (!isPrivate(folder)) return;
        dropOld(folder);
        const staged = join(folder, `${key}.${process.pid}.part`);
        writeFileSync(staged, JSON.stringify(settings), { mode: 0o600, flag: "wx" });
        renameSync(staged, join(folder, `${key}.json`));
      } catch {
        // A start without the cache is slower, nothing else.
      }
    },
  };
}

/** Source: XDG Base Directory Specification 0.8: a relative path is to be ignored. */
function cacheFolder(env: Environment): string | undefined {
  const cache = env["XDG_CACHE_HOME"] ?? "";
  if (isAbsolute(cache)) return join(cache, "jam", "config");
  const home = env["HOME"] ?? "";
  return isAbsolute(home) ? join(home, ".cache", "jam", "config") : undefined;
}

/** A folder that somebody else may write to could hold settings that nobody checked. */
function isPrivate(folder: string): boolean {
  try {
    const state = lstatSync(folder);
    return (
      state.isDirectory() && (state.mode & 0o022) === 0 && state.uid === (process.getuid?.() ?? state.uid)
    );
  } catch {
    return false;
  }
}

function dropOld(folder: string): void {
  const names = readdirSync(folder);
  if (names.length < MAX_ENTRIES) return;
  for (const name of names) rmSync(join(folder, name), { force: true });
}
