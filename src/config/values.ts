import { resolve } from "node:path";
import { parseByteSize } from "../shared/byte-size.ts";
import { parseDurationMs } from "../shared/duration.ts";
import { SITE_NAME } from "../shared/limits.ts";
import type { Setting, SettingKey, SETTINGS } from "./settings.ts";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What the code gets for a setting of each kind: bytes, milliseconds, a number from 0 to 1, an absolute path. */
export interface KindValues {
  readonly count: number;
  readonly size: number;
  readonly share: number;
  readonly duration: number;
  readonly folder: string;
  readonly file: string;
  readonly name: string;
  readonly listen: ListenAddress;
  readonly workers: number | "auto";
  readonly choice: string;
}

/** What the code gets for one setting; undefined only where it has no default. */
export type SettingValue<Key extends SettingKey> =
  | ((typeof SETTINGS)[Key] extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : KindValues[(typeof SETTINGS)[Key]["kind"]])
  | ((typeof SETTINGS)[Key] extends { readonly default: unknown } ? never : undefined);

/** A value as a file, a variable or a flag has it. */
export type WrittenValue = string | number;

/** `expected a whole number from 1 to 64`: what is valid for a setting. */
export function expectationOf(setting: Setting): string {
  switch (setting.kind) {
    case "count":
      return `expected a whole number from ${setting.range[0]} to ${setting.range[1]}`;
    case "choice":
      return `expected ${setting.choices.join(" or ")}`;
    case "size":
      return "expected a size such as 80GiB, 500MB or 1048576 (bytes)";
    case "share":
      return "expected a share from 0% to 100%, such as 40%";
    case "duration":
      return setting.smallest === undefined
        ? "expected an ISO 8601 duration such as PT6H or P2D (no years or months)"
        : `expected an ISO 8601 duration of at least ${setting.smallest}, such as PT6H or P2D (no years or months)`;
    case "folder":
      return "expected a folder";
    case "file":
      return "expected a file";
    case "name":
      return SITE_NAME.expected;
    case "workers":
      return "expected a whole number from 1 to 16, or auto";
    case "listen":
      return "expected HOST:PORT such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080";
  }
}

/** The value for the code; undefined when it is not valid. Relative paths are below `folder`. */
export function readValue(
  setting: Setting,
  written: WrittenValue,
  folder: string,
): KindValues[Setting["kind"]] | undefined {
  const text = String(written);
  switch (setting.kind) {
    case "count": {
      const [smallest, largest] = setting.range;
      const count = /^\d+$/.test(text) ? Number(text) : undefined;
      return count !== undefined && count >= smallest && count <= largest ? count : undefined;
    }
    case "choice":
      return setting.choices.includes(text) ? text : undefined;
    case "size":
      return parseByteSize(text);
    case "share":
      return parsePercent(written);
    case "duration": {
      const ms = parseDurationMs(text);
      const smallestMs = setting.smallest === undefined ? undefined : parseDurationMs(setting.smallest);
      return ms !== undefined && ms >= (smallestMs ?? 0) ? ms : undefined;
    }
    case "folder":
    case "file":
      return resolve(folder, text);
    case "name":
      return SITE_NAME.pattern.test(text) ? text : undefined;
    case "workers":
      return text === "auto" ? text : /^(?:[1-9]|1[0-6])$/.test(text) ? Number(text) : undefined;
    case "listen":
      return findListen(text);
  }
}

/** Kinds that a file may have as a number. */
const NUMBERS: ReadonlySet<Setting["kind"]> = new Set(["count", "size", "share", "workers"]);

/** A text from a variable or a flag as a file would have it: numbers as numbers, paths below `folder` as absolute ones. */
export function writtenFrom(setting: Setting, text: string, folder: string): WrittenValue {
  if (setting.kind === "folder" || setting.kind === "file") return resolve(folder, text);
  return NUMBERS.has(setting.kind) && /^\d+$/.test(text) ? Number(text) : text;
}

/** A share as a number from 0 to 1: `40%`, `0.4`; undefined when it is neither. */
export function parsePercent(value: WrittenValue): number | undefined {
  if (typeof value === "number") return value >= 0 && value <= 1 ? value : undefined;
  const match = /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(value.trim());
  const share = Number(match?.[1]) / 100;
  return match !== null && share <= 1 ? share : undefined;
}

/** Where to listen: `127.0.0.1:8080`, `[::]:8080`, `localhost:0`; undefined when it is none of these. */
export function findListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[(?<six>[0-9a-f:.%]+)\]|(?<host>[^\s:[\]/]+)):(?<port>\d{1,5})$/i.exec(text.trim());
  const host = match?.groups?.["six"] ?? match?.groups?.["host"];
  const port = Number(match?.groups?.["port"]);
  return host !== undefined && port <= 65_535 ? { host, port } : undefined;
}

/** The text that `findListen` reads. */
export function formatListen({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The URL of the default face, or of `face`; a server that listens on every address is named by the host name of its machine. */
export function formatToolsUrl(
  { host, port, face = "/tools" }: ListenAddress & { readonly face?: string },
  hostname: string,
): string {
  const isEvery = host === "0.0.0.0" || host === "::";
  return `http://${formatListen({ host: isEvery ? hostname : host, port })}${face}`;
}
