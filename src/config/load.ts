import { defined } from "../shared/collections.ts";
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { textWithMark } from "../shared/decode-text.ts";
import { JamError } from "../shared/errors.ts";
import { type CheckedSettings, openConfigCache } from "./cache.ts";
import type { Config } from "./config.ts";
import type { ConfigFile } from "./schema.ts";
import type { ConfigFlags, Environment, Override } from "./overrides.ts";

/** The settings of the whole machine, where the Debian package installs them. */
export const SYSTEM_FILE = "/etc/jam/jam.yaml";

/** Larger files are refused before they are parsed. */
export const MAX_FILE_BYTES = 131_072;

export interface LoadOptions {
  /** `--config`; undefined searches JAM_CONFIG, then ./jam.yaml, then `systemFile`. */
  readonly file: string | undefined;
  /** Default `SYSTEM_FILE`. */
  readonly systemFile?: string;
  readonly flags: ConfigFlags;
  readonly env: Environment;
  /** Absolute path. */
  readonly cwd: string;
  /** Version of the program: the check may differ from one to the next. */
  readonly version: string;
}

/** The settings of one run, and where each comes from. */
export interface LoadedSettings extends CheckedSettings {
  /** Absolute path; undefined when there is none. */
  readonly file: string | undefined;
  /** Settings from variables and flags; the last one for a key counts. */
  readonly overrides: readonly Override[];
}

/**
 * The settings of one run: flags over environment over file over defaults. For the same input the result of the check
 * comes from the cache, and then neither the YAML parser nor the schema is loaded.
 * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID, JAM_USAGE_INVALID
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return (await loadSettings(options)).config;
}

/**
 * As `loadConfig`, with the settings as they were written and the origin of each.
 * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID, JAM_USAGE_INVALID
 */
export async function loadSettings(options: LoadOptions): Promise<LoadedSettings> {
  const { flags, cwd } = options;
  const source = await readSource(options);
  const { file, environment } = source;
  const cache = openConfigCache(options.env);
  const input = { ...source, cwd, version: options.version };
  const known = cache.get(input);
  const checked = known ?? (await check(source, cwd));
  if (known === undefined) cache.put(input, checked);
  if (Object.values(flags).every((flag) => flag === undefined)) {
    return { ...checked, file, overrides: environment };
  }
  const { override, overrideUpstreams, readFlags } = await import("./overrides.ts");
  const { resolveConfig } = await import("./config.ts");
  const { DEFAULT_UPSTREAM } = await import("./settings.ts");
  const given = readFlags(flags, cwd);
  const upstreams = overrideUpstreams(checked.settings.upstreams ?? [DEFAULT_UPSTREAM], flags, cwd);
  const settings = {
    ...override(checked.settings, given),
    ...defined({ upstreams }),
  };
  const config = resolveConfig(settings, file, folderOf(source, cwd));
  return { settings, config, file, overrides: [...environment, ...given] };
}

/** The file and the environment as they are, unchecked. */
interface Source {
  readonly file: string | undefined;
  readonly text: string;
  readonly environment: readonly Override[];
}

async function readSource(options: LoadOptions): Promise<Source> {
  const { env, cwd } = options;
  const found = findFile(options);
  return { file: found?.path, text: found?.text ?? "", environment: await readVariables(env, cwd) };
}

/** The declarations are loaded only where a variable needs them: most calls have none. */
async function readVariables(env: Environment, cwd: string): Promise<readonly Override[]> {
  if (!Object.keys(env).some((name) => name.startsWith("JAM_"))) return [];
  const { readEnvironment } = await import("./overrides.ts");
  return readEnvironment(env, cwd);
}

/** Relative paths in the file are below its own folder. */
function folderOf({ file }: Source, cwd: string): string {
  return file === undefined ? cwd : dirname(file);
}

async function check(source: Source, cwd: string): Promise<CheckedSettings> {
  const { file, text, environment } = source;
  const { resolveConfig } = await import("./config.ts");
  const isDefault = file === undefined && environment.length === 0;
  const settings = isDefault ? {} : await parse({ file: file && shortest(file, cwd), text, environment });
  return { settings, config: resolveConfig(settings, file, folderOf(source, cwd)) };
}

async function parse(source: Source): Promise<ConfigFile> {
  const { parseConfig } = await import("./parse-file.ts");
  return parseConfig(source);
}

interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** `--config` and JAM_CONFIG have to exist; ./jam.yaml and the machine's file may be absent. */
function findFile({ file, env, cwd, systemFile = SYSTEM_FILE }: LoadOptions): FoundFile | undefined {
  const variable = env["JAM_CONFIG"] ?? "";
  if (file !== undefined) return readNamed(resolve(cwd, file), "");
  if (variable !== "") return readNamed(resolve(cwd, variable), " (from JAM_CONFIG)");
  return readIfPresent(resolve(cwd, "jam.yaml")) ?? readIfPresent(resolve(cwd, systemFile));
}

function readIfPresent(path: string): FoundFile | undefined {
  try {
    return { path, text: readText(path) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, "", cause);
  }
}

function readNamed(path: string, origin: string): FoundFile {
  try {
    return { path, text: readText(path) };
  } catch (cause) {
    throw unreadable(path, origin, cause);
  }
}

function unreadable(path: string, origin: string, cause: unknown): JamError {
  if (cause instanceof JamError) return cause;
  const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  return new JamError("JAM_CONFIG_NOT_FOUND", `The settings file ${path}${origin} cannot be read.`, {
    cause,
    hint: isMissing
      ? "Name an existing file, or run `jam init` to write one."
      : "Check the file's type and permissions.",
    details: { file: path },
  });
}

function readText(path: string): string {
  const bytes = readFileSync(path);
  if (bytes.length > MAX_FILE_BYTES) {
    throw new JamError(
      "JAM_CONFIG_INVALID",
      `${path} has ${bytes.length} bytes, more than a settings file may have.`,
      {
        hint: "Name the settings file (jam.yaml) with --config.",
        details: { file: path, bytes: bytes.length, maxBytes: MAX_FILE_BYTES },
      },
    );
  }
  // PowerShell writes UTF-16 for `>`.
  return textWithMark(bytes) ?? bytes.toString("utf8");
}

/** The path relative to the working directory where that is shorter. Services run in `/`; their paths stay absolute. */
function shortest(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near.startsWith("..") || cwd === "/" ? path : near;
}
