import { expect, test } from "vitest";
import { escapeRoff, fill, item, literal, markup, section, synopsis } from "../../../scripts/man/roff.ts";

test.for([
  ["a hyphen, so that it can be pasted", "--dry-run", String.raw`\-\-dry\-run`],
  ["a backslash", String.raw`a\fB`, String.raw`a\(rsfB`],
  ["quotes, which end a macro's argument", `"it's"`, String.raw`\(dqit\(aqs\(dq`],
  ["an accent, a tilde and a caret", "`~^", String.raw`\(ga\(ti\(ha`],
  ["letters outside ASCII", "3.6 … é 𝛼", String.raw`3.6 \[u2026] \[u00E9] \[u1D6FC]`],
  ["a line break, which would begin a request", "a\n.so /etc/passwd", "a .so /etc/passwd"],
  ["control characters, which no page shows", "a\u001b[2Jb\u007f", "a[2Jb"],
] as const)("escapes %s", ([, text, expected]) => {
  expect(escapeRoff(text)).toBe(expected);
});

test.for([
  ["at the start", ".SH X", [String.raw`\&.SH X`]],
  ["at the start of a line that is broken", `${"w".repeat(76)} .so x`, ["w".repeat(76), String.raw`\&.so x`]],
] as const)("keeps a dot %s from being a request", ([, text, expected]) => {
  expect(fill(escapeRoff(text))).toEqual(expected);
});

test("keeps dots in lines as they are, in terms and in meanings from being requests", () => {
  expect(literal([".TH", "  .x"])).toContain(String.raw`\&.TH`);
  expect(item(".x", ".y")).toEqual([".TP", String.raw`\&.x`, String.raw`\&.y`]);
});

test("shows code in bold, unless its end is missing", () => {
  expect(markup("run `jam sync -n` now")).toBe(String.raw`run \fBjam sync \-n\fR now`);
  expect(markup("a ` alone")).toBe(String.raw`a \(ga alone`);
});

test.for([
  ["-n, --dry-run", String.raw`\fB\-n\fR, \fB\-\-dry\-run\fR`],
  ["--jobs <n>", String.raw`\fB\-\-jobs\fR \fIn\fR`],
  ["[options] <from...>", String.raw`[\fIoptions\fR] \fIfrom\fR...`],
  ["--metadata-source [dir]", String.raw`\fB\-\-metadata\-source\fR [\fIdir\fR]`],
] as const)("shows %s with what is typed in bold and placeholders in italics", ([words, expected]) => {
  expect(synopsis(words)).toBe(expected);
});

test("has no section without lines, and no empty paragraph after a heading", () => {
  expect(section("OPTIONS", [])).toEqual([]);
  expect(section("OPTIONS", [".PP", "text"])).toEqual([".SH OPTIONS", "text"]);
});
