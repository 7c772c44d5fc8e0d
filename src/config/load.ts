import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { defaultConfig } from "./defaults.ts";

/** Settings given by flags, already parsed; each one wins over everything else. */
export interface ConfigFlags {
  /** Relative to the working folder. */
  readonly data?: string;
}

export interface LoadOptions {
  /** `--config`; undefined searches JAM_CONFIG, then ./jam.yaml. */
  readonly file: string | undefined;
  readonly flags: ConfigFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path. */
  readonly cwd: string;
}

/** The settings of one run. */
export async function loadConfig({ flags, cwd }: LoadOptions): Promise<Config> {
  const config = defaultConfig(cwd);
  return flags.data === undefined ? config : { ...config, data: resolve(cwd, flags.data) };
}
