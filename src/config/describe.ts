import { DEFAULTS } from "./defaults.ts";
import { ENVIRONMENT_SETTINGS } from "./environment.ts";
import type { LoadedSettings } from "./load.ts";

/** One setting as it applies, and who said so. */
export interface DescribedSetting {
  /** `fetch.limitRate` */
  readonly key: string;
  /** As written in a settings file; undefined when nothing is set and there is no default. */
  readonly value: unknown;
  /** A flag, a variable, the file's path or `default`. */
  readonly from: string;
}

const WHOLE_KEYS = ["upstreams", "select", "deny", "advice"] as const;

/** Every setting in the order of the file's documentation. `flags` are those given, by key. */
export function describeSettings(
  loaded: LoadedSettings,
  flags: Readonly<Record<string, { readonly flag: string; readonly value: unknown }>>,
): DescribedSetting[] {
  const paths = [
    ...ENVIRONMENT_SETTINGS.map(({ path }) => path as readonly string[]),
    ...WHOLE_KEYS.map((key) => [key]),
  ];
  return paths.map((path): DescribedSetting => {
    const key = path.join(".");
    const flag = flags[key];
    if (flag !== undefined) return { key, value: flag.value, from: flag.flag };
    const given = at(loaded.settings, path);
    if (given === undefined) return { key, value: hideSecrets(at(DEFAULTS, path)), from: "default" };
    const variable = loaded.environment.find((entry) => entry.path.join(".") === key)?.variable;
    return { key, value: hideSecrets(given), from: variable ?? loaded.file ?? "default" };
  });
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

/** A password in an upstream's URL is for the upstream, not for a screen or a report. */
function hideSecrets(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  return JSON.parse(text.replaceAll(/(\/\/[^/:@"\s]+):[^/@"\s]+@/g, "$1:***@"));
}
