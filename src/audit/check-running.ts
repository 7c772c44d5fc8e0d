import { nameSome } from "../shared/listed.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import type { CheckResult } from "./check-data.ts";

/** What the fleet runs, and what of it is here. */
export interface RunningUnderTest {
  /** Undefined where `keepRunning` is not set. */
  readonly running: RunningVersions | undefined;
  /** Versions that the mirror lists. */
  readonly held: ReadonlySet<string>;
  /** Versions that it would list after a sync; undefined where that is not known. */
  readonly wanted: ReadonlySet<string> | undefined;
  /** Present when a channel is checked, which no sync changes. */
  readonly channel?: {
    readonly name: string;
    /** What brings a version there that it does not list: sentences. */
    readonly adviseOn: (version: string) => string;
  };
}

const SHOWN = 8;

/** Whether new machines of the fleet find the versions that they request, now and after the next sync. */
export function checkRunning({ running, held, wanted, channel }: RunningUnderTest): CheckResult[] {
  if (running === undefined) return [];
  if (running.state === "unknown") {
    return [
      {
        check: "running",
        state: "fail",
        detail: `it is not known what the fleet in ${running.from} runs, so no sync removes an agent: ${running.reason}`,
        hint: "Write the output of Juju there again: juju models --format json, juju status --format json.",
      },
    ];
  }
  const versions = [...running.versions];
  const missing = versions.filter((version) => !held.has(version));
  if (channel !== undefined) return inChannel(running.from, { versions, missing, channel });
  const comes = missing.filter((version) => wanted?.has(version) === true);
  const lost = missing.filter((version) => wanted?.has(version) !== true);
  const dropped = versions.filter((version) => held.has(version) && wanted?.has(version) === false);
  const warn = (some: readonly string[], what: string, hint: string): CheckResult[] =>
    some.length === 0
      ? []
      : [
          {
            check: "running",
            state: "warn",
            detail: `the fleet runs ${nameSome(some, SHOWN)}: ${what}`,
            hint,
          },
        ];
  return [
    {
      check: "running",
      state: "ok",
      detail: `kept because the fleet runs them: ${nameSome(versions, SHOWN)} (${running.from})`,
    },
    ...warn(comes, "not in the mirror yet", "Run `jam sync`."),
    ...warn(
      lost,
      "not in the mirror",
      "`jam explain VERSION` says whether upstream lists it; a rule of `select` must take its stream, architecture and OS type.",
    ),
    ...warn(
      dropped,
      "the next sync removes it",
      "`deny` excludes it: keep it until no machine runs it, or upgrade first.",
    ),
  ];
}

/** Whether new machines of a fleet that uses a channel find what they request. */
function inChannel(
  from: string,
  {
    versions,
    missing,
    channel: { name, adviseOn },
  }: {
    readonly versions: readonly string[];
    readonly missing: readonly string[];
    readonly channel: NonNullable<RunningUnderTest["channel"]>;
  },
): CheckResult[] {
  if (missing.length === 0) {
    const detail = `the channel ${name} lists what the fleet runs: ${nameSome(versions, SHOWN)} (${from})`;
    return [{ check: "running", state: "ok", detail }];
  }
  return missing.slice(0, SHOWN).map((version) => ({
    check: "running",
    state: "warn",
    detail: `the fleet runs ${version}: not in the channel ${name}`,
    hint: adviseOn(version),
  }));
}
