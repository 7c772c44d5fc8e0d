import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Config } from "./config.ts";
import type { Environment } from "./overrides.ts";
import type { ConfigFile } from "./schema.ts";

/** Entries beyond this are dropped all at once; there is one for each settings file that was ever used. */
const MAX_ENTRIES = 64;

/** All that settings depend on, but for flags. They are taken from the cache only when all of it is the same. */
export interface ConfigInput {
  /** Absolute path of the file; undefined when there is none. */
  readonly file: string | undefined;
  readonly text: string;
  readonly environment: unknown;
  readonly cwd: string;
  /** Version of the program: the check may differ from one to the next. */
  readonly version: string;
}

/**
 * Settings that were worked out once, so that the parser and the schema need not be loaded at every start
 * (together some 60 ms, twice what Node itself takes). An entry holds the whole input beside the result and is compared
 * with it: that needs no hash, whose library takes 5 ms to load. What is unreadable, unwritable or not ours alone is
 * as if it were not there.
 */
export interface ConfigCache {
  readonly get: (input: ConfigInput) => CheckedSettings | undefined;
  readonly put: (input: ConfigInput, checked: CheckedSettings) => void;
}

/** Checked settings, as written and as the code takes them. */
export interface CheckedSettings {
  readonly settings: ConfigFile;
  readonly config: Config;
}

interface Entry extends CheckedSettings {
  readonly input: string;
}

/** The cache in the user's cache folder; one that never holds anything where there is no such folder. */
export function openConfigCache(env: Environment): ConfigCache {
  const folder = cacheFolder(env);
  return {
    get: (input) => {
      if (folder === undefined || !isPrivate(folder)) return undefined;
      try {
        const entry = JSON.parse(readFileSync(join(folder, entryName(input)), "utf8")) as Entry;
        return entry.input === fingerprint(input) ? entry : undefined;
      } catch {
        return undefined;
      }
    },
    put: (input, checked) => {
      if (folder === undefined) return;
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        if (!isPrivate(folder)) return;
        dropMany(folder);
        const path = join(folder, entryName(input));
        const staged = `${path}.${process.pid}.part`;
        const entry: Entry = {
          input: fingerprint(input),
          settings: checked.settings,
          config: checked.config,
        };
        writeFileSync(staged, JSON.stringify(entry), { mode: 0o600, flag: "wx" });
        renameSync(staged, path);
      } catch {
        // A start without the cache is slower, nothing else.
      }
    },
  };
}

function fingerprint({ file, text, environment, cwd, version }: ConfigInput): string {
  // The file's place settles where its relative paths begin; the working folder counts only without a file.
  return JSON.stringify([version, codeStamp(), file ?? cwd, text, environment]);
}

/** When the code that works settings out was last changed: in a checkout it changes more often than the version. */
function codeStamp(): number[] {
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  return ["schema", "settings", "values", "config"].map(
    (name) => statSync(new URL(`./${name}${ending}`, import.meta.url)).mtimeMs,
  );
}

/** The end of the path tells files apart well enough: an entry of another file is a miss, not a mistake. */
function entryName({ file }: ConfigInput): string {
  return `${encodeURIComponent(file ?? "no file").slice(-180)}.json`;
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

function dropMany(folder: string): void {
  const names = readdirSync(folder);
  if (names.length < MAX_ENTRIES) return;
  for (const name of names) rmSync(join(folder, name), { force: true });
}
