import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { JamError } from "../shared/errors.ts";
import { openConfigCache } from "./cache.ts";
import type { Config } from "./config.ts";
import { type Environment, type EnvironmentValue, readEnvironment } from "./environment.ts";
import { type ConfigFlags, applyFlags } from "./flags.ts";
import { resolveConfig } from "./resolve.ts";
import type { ConfigFile } from "./schema.ts";

/** Larger is no settings file: reading stops before a parser sees it. */
const MAX_FILE_BYTES = 1_048_576;

export interface LoadOptions {
  /** `--config`; undefined searches JAM_CONFIG, then ./jam.yaml. */
  readonly file: string | undefined;
  readonly flags: ConfigFlags;
  readonly env: Environment;
  /** Absolute path. */
  readonly cwd: string;
  /** Version of the program: the check may differ from one to the next. */
  readonly version: string;
}

/** What the file and the environment say, before defaults and flags. */
export interface LoadedSettings {
  /** Absolute path; undefined when there is none. */
  readonly file: string | undefined;
  readonly settings: ConfigFile;
  readonly environment: readonly EnvironmentValue[];
}

/**
 * The settings of one run: flags over environment over file over defaults.
 * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID, JAM_USAGE_INVALID
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { file, settings } = await loadSettings(options);
  const folder = file === undefined ? options.cwd : dirname(file);
  return applyFlags(resolveConfig(settings, file, folder), options.flags, options.cwd);
}

/**
 * What the file and the environment say, checked.
 * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID
 */
export async function loadSettings({ file, env, cwd, version }: LoadOptions): Promise<LoadedSettings> {
  const found = findFile(file, env, cwd);
  const environment = readEnvironment(env).map((entry) => anchorPath(entry, cwd));
  if (found === undefined && environment.length === 0) return { file: undefined, settings: {}, environment };
  const text = found?.text ?? "";
  const cache = openConfigCache(env);
  const input = { file: found?.path, text, environment, version };
  const known = cache.get(input);
  if (known !== undefined) return { file: found?.path, settings: known, environment };
  const { parseConfig } = await import("./parse-file.ts");
  const settings = parseConfig({ file: found && shortest(found.path, cwd), text, environment });
  cache.put(input, settings);
  return { file: found?.path, settings, environment };
}

interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** `--config` and JAM_CONFIG have to exist; ./jam.yaml may be absent. */
function findFile(flag: string | undefined, env: Environment, cwd: string): FoundFile | undefined {
  const variable = env["JAM_CONFIG"] ?? "";
  const named = flag ?? (variable === "" ? undefined : variable);
  const path = resolve(cwd, named ?? "jam.yaml");
  try {
    return { path, text: readText(path) };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" && named === undefined) return undefined;
    if (cause instanceof JamError) throw cause;
    const origin = flag === undefined && named !== undefined ? " (from JAM_CONFIG)" : "";
    throw new JamError("JAM_CONFIG_NOT_FOUND", `The settings file ${path}${origin} cannot be read.`, {
      cause,
      hint:
        code === "ENOENT"
          ? "Name an existing file, or run `jam init` to write one."
          : "Check the file's type and permissions.",
      details: { file: path },
    });
  }
}

function readText(path: string): string {
  const bytes = readFileSync(path);
  if (bytes.length > MAX_FILE_BYTES) {
    throw new JamError(
      "JAM_CONFIG_INVALID",
      `${path} has ${bytes.length} bytes: no settings file is that large.`,
      {
        hint: "Name the settings file (jam.yaml) with --config.",
        details: { file: path, bytes: bytes.length, maxBytes: MAX_FILE_BYTES },
      },
    );
  }
  return bytes.toString("utf8");
}

/** Paths in the environment are relative to the working folder, not to the file. */
function anchorPath(entry: EnvironmentValue, cwd: string): EnvironmentValue {
  const isPath = entry.path.at(-1) === "data" || entry.path.at(-1) === "caFile";
  return isPath ? { ...entry, value: resolve(cwd, String(entry.value)) } : entry;
}

/** How a person would name the file from where they are. */
function shortest(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near.startsWith("..") ? path : near;
}
