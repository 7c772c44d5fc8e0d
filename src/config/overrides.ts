import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { resolveKeyring, resolveUpstreamUrl } from "./config.ts";
import type { ConfigFile } from "./schema.ts";
import {
  type SettingKey,
  SETTING_LIST,
  SETTINGS,
  settingFlag,
  settingPath,
  settingVariable,
} from "./settings.ts";
import { expectationOf, readValue, type WrittenValue, writtenFrom } from "./values.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that replaces the one of the file, and the variable or flag that gave it. */
export interface Override {
  /** `JAM_FETCH_JOBS` or `--jobs`. */
  readonly source: string;
  readonly key: SettingKey;
  readonly value: WrittenValue;
}

/** Settings given by flags, as typed, by their path in the file. Paths are relative to the working directory. */
export type ConfigFlags = Readonly<Partial<Record<SettingKey, string | undefined>>> & {
  /** One upstream instead of those of the file; it gets the keyring of the file's first one. */
  readonly upstream?: string | undefined;
  /** The keyring of every upstream; `none` disables verification. */
  readonly keyring?: string | undefined;
};

type UpstreamEntry = NonNullable<ConfigFile["upstreams"]>[number];

const OTHER_VARIABLES = ["JAM_CONFIG", "JAM_OUTPUT", "JAM_LOG_LEVEL", "JAM_PROGRESS"];

/**
 * The settings in `env`; an empty variable counts as absent. They are checked with the file.
 * @throws JamError JAM_CONFIG_INVALID for an unknown JAM_ variable whose name is close to a known one
 */
export function readEnvironment(env: Environment, cwd: string): Override[] {
  refuseMistyped(env);
  return SETTING_LIST.flatMap(([key, setting]) => {
    const source = settingVariable(key);
    const text = env[source];
    if (text === undefined || text === "") return [];
    return [{ source, key, value: writtenFrom(setting, text, cwd) }];
  });
}

/** Other programs may use JAM_ variables too, so only probable typos of jam's own are refused. */
function refuseMistyped(env: Environment): void {
  const known = [...SETTING_LIST.map(([key]) => settingVariable(key)), ...OTHER_VARIABLES];
  for (const name of Object.keys(env)) {
    if (!name.startsWith("JAM_") || name.startsWith("JAM_INTERNAL_") || known.includes(name)) continue;
    const near = nearest(
      name.slice("JAM_".length),
      known.map((variable) => variable.slice("JAM_".length)),
    );
    if (near === undefined) continue;
    throw new JamError("JAM_CONFIG_INVALID", `The environment variable ${name} is unknown.`, {
      hint: `Did you mean JAM_${near}? Otherwise unset it.`,
      details: { variable: name, nearest: `JAM_${near}` },
    });
  }
}

/**
 * The settings in flags.
 * @throws JamError JAM_USAGE_INVALID
 */
export function readFlags(flags: ConfigFlags, cwd: string): Override[] {
  return SETTING_LIST.flatMap(([key]) => {
    const text = flags[key];
    return text === undefined ? [] : [{ source: sourceOf(key), key, value: checkedFlag(key, text, cwd) }];
  });
}

function sourceOf(key: SettingKey): string {
  return settingFlag(key) ?? key;
}

function checkedFlag(key: SettingKey, text: string, cwd: string): WrittenValue {
  const setting = SETTINGS[key];
  const written = writtenFrom(setting, text, cwd);
  if (readValue(setting, written, cwd) !== undefined) return written;
  const expected = expectationOf(setting);
  const flag = sourceOf(key);
  throw new JamError("JAM_USAGE_INVALID", `${flag}: ${expected}, got "${text}".`, {
    hint: `Correct ${flag}; \`jam config schema --markdown\` describes every setting.`,
    details: { flag, value: text },
  });
}

/** The settings of a file with others in their place. What is not a mapping is left for the check to report. */
export function override<T>(settings: T, overrides: readonly Override[]): T {
  if (!isRecord(settings)) return settings;
  const merged: Record<string, unknown> = { ...settings };
  for (const { key, value } of overrides) {
    const [first, second] = settingPath(key);
    // `data` is the short form of `store`, so it replaces that, too.
    if (key === "data") delete merged["store"];
    if (second === undefined) merged[first] = value;
    else if (merged[first] === undefined || isRecord(merged[first])) {
      merged[first] = { ...(merged[first] as object | undefined), [second]: value };
    }
  }
  return merged as T;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The upstreams of a file with `--upstream` and `--keyring` applied; undefined without these flags. */
export function overrideUpstreams(
  upstreams: readonly UpstreamEntry[],
  { upstream, keyring }: Pick<ConfigFlags, "upstream" | "keyring">,
  cwd: string,
): UpstreamEntry[] | undefined {
  if (upstream === undefined && keyring === undefined) return undefined;
  const chosen =
    upstream === undefined
      ? upstreams
      : [
          {
            name: "command-line",
            url: resolveUpstreamUrl(upstream, cwd),
            keyring: upstreams[0]?.keyring ?? "builtin",
          },
        ];
  return keyring === undefined
    ? [...chosen]
    : chosen.map((each) => ({ ...each, keyring: resolveKeyring(keyring, cwd) }));
}
