import { parseSha256, type Sha256 } from "./sha256.ts";

/** One line of a `SHA256SUMS`. */
export interface Sum {
  readonly name: string;
  readonly sha256: Sha256;
}

/** The text that `sha256sum -c` reads. */
export function formatSums(sums: readonly Sum[]): string {
  return sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
}

/** The lines of a `SHA256SUMS` that name a plain file in the same folder; others are left out. */
export function parseSums(text: string): Sum[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([0-9a-f]{64}) [ *]([^/\\\r]{1,255})\r?$/.exec(line);
    const sha256 = parseSha256(match?.[1]);
    return sha256 === undefined || match?.[2] === undefined ? [] : [{ name: match[2].trimEnd(), sha256 }];
  });
}

/**
 * The lines of a list of files below one folder: relative paths with `/`, without empty, `.` and `..` names. Undefined when
 * any line is another one: such a list says nothing about the rest.
 */
export function parsePathSums(text: string): Sum[] | undefined {
  const sums: Sum[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const match = /^([0-9a-f]{64}) {2}([!-~]{1,500})$/.exec(line);
    const sha256 = parseSha256(match?.[1]);
    const name = match?.[2];
    if (sha256 === undefined || name === undefined) return undefined;
    if (name.split("/").some((part) => part === "" || part === "." || part === "..")) return undefined;
    sums.push({ name, sha256 });
  }
  return sums;
}
