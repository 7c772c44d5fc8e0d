import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting with an environment variable: the variable, and the path of the setting in the file. */
export interface EnvironmentSetting {
  readonly variable: string;
  readonly path: readonly [string] | readonly [string, string];
}

const PATHS = [
  ["mode"],
  ["data"],
  ["keys"],
  ["site"],
  ["server", "listen"],
  ["fetch", "jobs"],
  ["fetch", "limitRate"],
  ["fetch", "idleTimeout"],
  ["fetch", "retries"],
  ["fetch", "caFile"],
  ["retention", "snapshots"],
  ["retention", "grace"],
  ["retention", "quota"],
  ["retention", "maxRemoval"],
] as const;

/** Every setting with a variable: `fetch.limitRate` is JAM_FETCH_LIMIT_RATE. */
export const ENVIRONMENT_SETTINGS: readonly EnvironmentSetting[] = PATHS.map((path) => ({
  variable: `JAM_${path.map((key) => key.replaceAll(/[A-Z]/g, "_$&").toUpperCase()).join("_")}`,
  path,
}));

const OTHER_VARIABLES = ["JAM_CONFIG", "JAM_OUTPUT", "JAM_LOG_LEVEL", "JAM_PROGRESS"];

/** A setting found in the environment. An empty variable counts as absent. */
export interface EnvironmentValue extends EnvironmentSetting {
  readonly value: string | number;
}

/**
 * The settings in `env`.
 * @throws JamError JAM_CONFIG_INVALID for an unknown JAM_ variable whose name is close to a known one
 */
export function readEnvironment(env: Environment): EnvironmentValue[] {
  refuseMistyped(env);
  return ENVIRONMENT_SETTINGS.flatMap((setting) => {
    const value = env[setting.variable];
    if (value === undefined || value === "") return [];
    // Only nested settings can be numbers; the top-level `site` can be named 12.
    const isNumber = setting.path.length > 1 && /^\d+$/.test(value);
    return [{ ...setting, value: isNumber ? Number(value) : value }];
  });
}

/** Other programs may use JAM_ variables too, so only probable typos of jam's own are refused. */
function refuseMistyped(env: Environment): void {
  const known = [...ENVIRONMENT_SETTINGS.map((setting) => setting.variable), ...OTHER_VARIABLES];
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
