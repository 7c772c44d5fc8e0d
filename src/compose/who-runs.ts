import { hostname, userInfo } from "node:os";

/** `sam@plant-7`, for what is recorded about a change; the person behind sudo. */
export function whoRuns(env: Readonly<Record<string, string | undefined>>): string {
  return `${env["SUDO_USER"] || userName()}@${hostname()}`;
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
