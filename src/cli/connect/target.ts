import { JamError } from "../../shared/errors.ts";
import type { MirrorUrl } from "../../juju/mirror-url.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";

/** Generations of Juju whose commands differ; `2.8` stands for 2.0 to 2.8. */
export const JUJU_GENERATIONS = ["1.25", "2.8", "2.9", "3", "4"] as const;
export type JujuGeneration = (typeof JUJU_GENERATIONS)[number];

/** One thing to do. */
export interface Step {
  /** Stable, for scripts. */
  readonly id: string;
  readonly title: string;
  readonly why: string;
  /** To be typed as they are, but for words in capitals. */
  readonly commands: readonly ShellCommand[];
  readonly remark?: string;
}

/** Who is to be pointed at what. */
export interface ConnectTarget extends MirrorUrl {
  readonly juju: JujuGeneration;
  readonly controller?: string;
  /** Models that exist; none shows a placeholder. */
  readonly models: readonly string[];
  /** Absolute path of a folder for --metadata-source. */
  readonly metadataSource?: string;
}

/**
 * The generation that a version such as `3.6`, `2.9.42`, `2` or `1.25.6` belongs to.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseGeneration(text: string): JujuGeneration {
  const match = /^v?(\d+)(?:\.(\d+|x))?(?:[.-].*)?$/.exec(text.trim());
  const [major, minor] = [Number(match?.[1]), Number(match?.[2] ?? NaN)];
  if (major === 1) return "1.25";
  if (major === 2) return minor <= 8 ? "2.8" : "2.9";
  if (major === 3) return "3";
  if (major === 4) return "4";
  throw new JamError("JAM_USAGE_INVALID", `--juju: "${text}" is not a Juju version that jam knows.`, {
    hint: "Give a version such as 3.6, 2.9, 2.8, 1.25 or 4.0.",
    details: { value: text },
  });
}

/** True for 2.9 and later. */
export function isModern(juju: JujuGeneration): boolean {
  return juju !== "1.25" && juju !== "2.8";
}
