import { expect, test } from "vitest";
import { renderError } from "../../../src/cli/output/error-text.ts";
import { JamError } from "../../../src/shared/errors.ts";

const paint = (_: string, text: string) => text;

function rendered(message: string, cause: Error & { code?: string; path?: string; dest?: string }): string {
  return renderError(new JamError("JAM_STORE_IO", message, { cause, hint: "Check the disk." }), paint, false);
}

function systemError(code: string, more: { path?: string; dest?: string } = {}) {
  return Object.assign(new Error(`${code}: as the system says it`), { code, ...more });
}

test.for([
  ["Cannot write /m/a: no space is left (ENOSPC).", systemError("ENOSPC")],
  ["Cannot read /m/a: no such file or folder (ENOENT).", systemError("ENOENT", { path: "/m/a" })],
  [
    "Cannot move /m/a to /m/b: permission denied (EACCES).",
    systemError("EACCES", { path: "/m/a", dest: "/m/b" }),
  ],
] as const)("a cause that the message says already is not repeated: %s", ([message, cause]) => {
  expect(rendered(message, cause)).toBe(`error: ${message} [JAM_STORE_IO]\nnext:  Check the disk.\n`);
});

test.for([
  [
    "another path",
    "Cannot read /m: permission denied (EACCES).",
    systemError("EACCES", { path: "/m/a/b" }),
    "permission denied: /m/a/b (EACCES)",
  ],
  [
    "another code",
    "Cannot read /m/a: permission denied (EACCES).",
    systemError("EPERM", { path: "/m/a" }),
    "permission denied (EPERM)",
  ],
  [
    "a bare message",
    "/m/a cannot be read.",
    systemError("ENOENT", { path: "/m/a" }),
    "no such file or folder (ENOENT)",
  ],
  ["an unknown code", "/m/a cannot be read.", systemError("EODD"), "EODD: as the system says it"],
  ["no system error", "Cannot read /m/a.", new Error("the journal is torn"), "the journal is torn"],
] as const)("a cause that adds something is shown in words: %s", ([, message, cause, words]) => {
  expect(rendered(message, cause)).toContain(`\ncause: ${words}\n`);
});

test("how a lock is made is not a cause for people", () => {
  const cause = Object.assign(new Error("database is locked"), { code: "ERR_SQLITE_ERROR" });
  expect(rendered("jam sync (process 7) writes to it.", cause)).not.toContain("cause:");
});
