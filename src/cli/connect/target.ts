import { JamError } from "../../shared/errors.ts";
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
export interface ConnectTarget {
  /** Value of agent-metadata-url, without a slash at the end. */
  readonly url: string;
  readonly host: string;
  readonly isLoopback: boolean;
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
  throw new JamError("JAM_USAGE_INVALID", `--juju: "${text}" is no version of Juju that jam knows.`, {
    hint: "Give a version such as 3.6, 2.9, 2.8, 1.25 or 4.0.",
    details: { value: text },
  });
}

/** True for 2.9 and later. */
export function isModern(juju: JujuGeneration): boolean {
  return juju !== "1.25" && juju !== "2.8";
}

/**
 * A mirror's address as Juju wants it. An address without a path gets `/tools`, where `jam serve` answers.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseMirrorUrl(text: string): Pick<ConnectTarget, "url" | "host" | "isLoopback"> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw invalidUrl(text, "is not an http or https URL");
  }
  // Juju joins paths by plain text, so a query would end up in the middle.
  if (url.search !== "" || url.hash !== "")
    throw invalidUrl(text, "has a query or a fragment, which Juju cannot use");
  // It goes into lists of hosts as well, where a comma would start another one.
  if (!/^(?:[\w.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname) || url.hostname.startsWith("-"))
    throw invalidUrl(text, "has no valid host name");
  const path = url.pathname.replace(/\/+$/, "");
  const credentials =
    url.username === "" ? "" : `${url.username}${url.password === "" ? "" : `:${url.password}`}@`;
  return {
    url: `${url.protocol}//${credentials}${url.host}${path === "" ? "/tools" : path}`.replaceAll("'", "%27"),
    host: url.hostname,
    isLoopback: /^(?:127\.|localhost$|\[::1\]$|0\.0\.0\.0$)/.test(url.hostname),
  };
}

function invalidUrl(text: string, what: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `--url: "${text}" ${what}.`, {
    hint: "Give the mirror's address as the controllers see it, such as http://mirror.example:8080/tools.",
    details: { value: text },
  });
}
