import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { JamError } from "../shared/errors.ts";
import { openConfigCache } from "./cache.ts";
import type { Config } from "./config.ts";
import { type Environment, type EnvironmentValue, readEnvironment } from "./environment.ts";
import type { ConfigFlags } from "./flags.ts";
import type { ConfigFile } from "./schema.ts";

/** Larger is no settings file: reading stops before a parser sees it. */
export const MAX_FILE_BYTES = 131_072;

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
 * The settings of one run: flags over environment over file over defaults. What was worked out once for the same input
 * comes from the cache, and then neither the parser nor the schema is loaded.
 * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID, JAM_USAGE_INVALID
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const source = readSource(options);
  const cache = openConfigCache(options.env);
  const input = { ...source, cwd: options.cwd, version: options.version };
  const known = cache.get(input);
  const config = known ?? (await workOut(source, options));
  if (known === undefined) cache.put(input, config);
  if (Object.values(options.flags).every((flag) => flag === undefined)) return config;
  const { applyFlags } = await import("./flags.ts");
  return applyFlags(config, options.flags, options.cwd);
}

/**
 * What the file and the environment say, checked.
 * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID
 */
export async function loadSettings(options: LoadOptions): Promise<LoadedSettings> {
  const source = readSource(options);
  const { file, environment } = source;
  return { file, settings: await check(source, options.cwd), environment };
}

/** The file and the environment as they are, unchecked. */
interface Source {
  readonly file: string | undefined;
  readonly text: string;
  readonly environment: readonly EnvironmentValue[];
}

function readSource({ file, env, cwd }: LoadOptions): Source {
  const found = findFile(file, env, cwd);
  const environment = readEnvironment(env).map((entry) => anchorPath(entry, cwd));
  return { file: found?.path, text: found?.text ?? "", environment };
}

async function workOut(source: Source, { cwd }: LoadOptions): Promise<Config> {
  const settings = await check(source, cwd);
  const { resolveConfig } = await import("./resolve.ts");
  return resolveConfig(settings, source.file, source.file === undefined ? cwd : dirname(source.file));
}

async function check({ file, text, environment }: Source, cwd: string): Promise<ConfigFile> {
  if (file === undefined && environment.length === 0) return {};
  const { parseConfig } = await import("./parse-file.ts");
  return parseConfig({ file: file && shortest(file, cwd), text, environment });
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

const PATH_KEYS: ReadonlySet<string> = new Set(["data", "keys", "caFile"]);

/** Paths in the environment are relative to the working folder, not to the file. */
function anchorPath(entry: EnvironmentValue, cwd: string): EnvironmentValue {
  const isPath = PATH_KEYS.has(entry.path.at(-1) ?? "");
  return isPath ? { ...entry, value: resolve(cwd, String(entry.value)) } : entry;
}

/** How a person would name the file from where they are. */
function shortest(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near.startsWith("..") ? path : near;
}
