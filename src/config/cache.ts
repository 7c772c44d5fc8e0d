import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { Config } from "./config.ts";
import type { Environment } from "./overrides.ts";
import type { ConfigFile } from "./schema.ts";

/** When there are this many entries, all are deleted. There is one for each settings file in use. */
const MAX_ENTRIES = 64;

/** Everything that settings depend on, except flags. A cached result is used only if all of it is the same. */
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
 * Checked settings, so that the parser and the schema are not loaded at every start
 * (docs/decisions/0006-costs-paid-for-speed.md). An entry contains the whole input and the result; the input is compared
 * as text, because a hash library takes 5 ms to load. A cache that cannot be read or written, or that others can write to, is
 * not used.
 */
export interface ConfigCache {
  readonly get: (input: ConfigInput) => CheckedSettings | undefined;
  readonly put: (input: ConfigInput, checked: CheckedSettings) => void;
}

/** Checked settings, as written and as the code uses them. */
export interface CheckedSettings {
  readonly settings: ConfigFile;
  readonly config: Config;
}

interface Entry extends CheckedSettings {
  readonly input: string;
}

/** The cache in the user's cache folder. Without such a folder it stays empty. */
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
        makeFolder(folder);
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
        // Without the cache a start is only slower.
      }
    },
  };
}

/** As in bin/jam.js, which says why this is not `recursive`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

function fingerprint({ file, text, environment, cwd, version }: ConfigInput): string {
  // The file's place settles where its relative paths begin; the working folder counts only without a file.
  return JSON.stringify([version, codeStamp(), file ?? cwd, text, environment]);
}

/**
 * When the code that works settings out was last changed: in a checkout it changes more often than the version. In a
 * packaged program these files are parts of others, which all have the time and the place of the package.
 */
function codeStamp(): (number | string | null)[] {
  const file = import.meta.url;
  const ending = file.slice(file.lastIndexOf("."));
  const times = ["schema", "settings", "values", "config"].map(
    (name) => statSync(new URL(`./${name}${ending}`, file), { throwIfNoEntry: false })?.mtimeMs ?? null,
  );
  return [file, statSync(new URL(file)).mtimeMs, ...times];
}

/** The end of the path is enough to distinguish files: the entry of another file is a miss, not an error. */
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

/** A folder that others can write to could contain settings that were not checked. */
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
