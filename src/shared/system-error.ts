/** The system's name of a failure, such as `ENOENT`; undefined when `error` is not a system error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** True when the system reported that nothing exists at a path. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** No hard link is possible: another file system, too many links, or links are not supported or not permitted. */
const LINK_REFUSED: ReadonlySet<string> = new Set(["EXDEV", "EMLINK", "EPERM", "ENOTSUP", "ENOSYS"]);

/** True when a hard link was refused where a copy or a rename can take its place. */
export function isLinkRefused(error: unknown): boolean {
  return LINK_REFUSED.has(systemCode(error) ?? "");
}
