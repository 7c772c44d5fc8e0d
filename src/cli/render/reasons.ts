/** The agent that a reason is about. */
interface Subject {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
}

/**
 * A reason of the rules without the agent that it is about, so that agents with the same reason share it:
 * `3.6.8 is not among the newest 2 of 3.6 for amd64` becomes `it is not among the newest 2 of 3.6 for its architecture`.
 */
export function withoutSubject(reason: string, { version, release, arch }: Subject): string {
  return reason
    .split(/(?<=[:;] )/)
    .map((part) =>
      part
        .replace(`version ${version} `, "its version ")
        .replace(`arch ${arch} `, "its architecture ")
        .replace(`release ${release} `, "its release ")
        .replace(` for ${arch},`, " for its architecture,")
        .replace(new RegExp(`^${RegExp.escape(version)} `), "it "),
    )
    .join("");
}
