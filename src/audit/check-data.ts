import { defined } from "../shared/collections.ts";
import { type JamError, toJamError, type ErrorCode } from "../shared/errors.ts";
import { shellCommand } from "../shared/shell-command.ts";

/** One thing that was looked at. */
export interface CheckResult {
  readonly check:
    | "configuration"
    | "rules"
    | "key"
    | "upstream"
    | "clock"
    | "disk"
    | "permissions"
    | "running"
    | "mirror"
    | "channels"
    | "cache"
    | "server"
    | "carry";
  readonly state: "ok" | "warn" | "fail";
  /** What was found. */
  readonly detail: string;
  /** The error that was found; `docs/reference/errors.md` explains it. */
  readonly code?: ErrorCode;
  /** What to do about it; only with `warn` and `fail`. */
  readonly hint?: string;
}

/** Agents that one result names. */
const MAX_NAMED = 10;

interface FoundModes {
  readonly count: number;
  readonly example: string | undefined;
}

/** The data directory as far as checking needs it. */
export interface DataUnderTest {
  readonly dataDir: string;
  /**
   * Follows the links from the data directory to what is shown; fails where a copy lost them. The number of agents in the
   * index; undefined before the first publication.
   */
  readonly readShown: () => Promise<number | undefined>;
  /** Names what is damaged, as far as it is known; nothing is hashed for it. */
  readonly readDamage: () => Promise<readonly string[]>;
  /** What is wrong with the histories of channels. */
  readonly findHistoryFaults: () => Promise<readonly JamError[]>;
  /** What the modes of its entries allow other users. */
  readonly inspectModes: () => Promise<{
    readonly entries: number;
    readonly ownerOnly: FoundModes;
    readonly worldWritable: FoundModes;
    readonly otherOwner: FoundModes;
  }>;
}

/** Looks at what is in the data directory: its links, and what other users of this machine may do there. */
export async function checkData(data: DataUnderTest): Promise<CheckResult[]> {
  return [
    ...(await orFailure("mirror", () => checkShown(data))),
    ...(await orFailure("mirror", () => checkDamage(data))),
    ...(await orFailure("channels", () => checkHistories(data))),
    ...(await orFailure("permissions", () => checkModes(data))),
  ];
}

async function checkShown({ readShown }: DataUnderTest): Promise<CheckResult[]> {
  if ((await readShown()) !== 0) return [];
  return [
    {
      check: "mirror",
      state: "fail",
      detail: "the published index lists no agents: Juju finds nothing here",
      hint: "Run `jam sync`, or go back to a snapshot with agents: `jam snapshot list`.",
    },
  ];
}

async function checkDamage({ readDamage }: DataUnderTest): Promise<CheckResult[]> {
  const damaged = await readDamage();
  if (damaged.length === 0) return [];
  const named = damaged.slice(0, MAX_NAMED).join(", ");
  const more = damaged.length > MAX_NAMED ? ` and ${damaged.length - MAX_NAMED} more` : "";
  return [
    {
      check: "mirror",
      state: "fail",
      detail: `damaged, and therefore not listed and not served: ${named}${more}`,
      hint: "Run: jam repair. It fetches what is damaged; with --deep it looks for more damage first.",
    },
  ];
}

async function checkHistories({ findHistoryFaults }: DataUnderTest): Promise<CheckResult[]> {
  return (await findHistoryFaults()).map((fault) => failure("channels", fault));
}

async function checkModes({ dataDir, inspectModes }: DataUnderTest): Promise<CheckResult[]> {
  const { entries, ownerOnly, worldWritable, otherOwner } = await inspectModes();
  const results: CheckResult[] = [];
  if (worldWritable.count > 0) {
    results.push({
      check: "permissions",
      state: "fail",
      detail: `every user of this machine can change ${worldWritable.count} of ${entries} entries of ${dataDir}, such as ${worldWritable.example}: they decide what Juju installs`,
      hint: `Run: chmod -R o-w ${dataDir}. If that changes nothing, it is a mount without modes (FAT, SMB): mount it with a stricter fmask and dmask.`,
    });
  }
  if (otherOwner.count > 0) {
    results.push({
      check: "permissions",
      state: "fail",
      detail: `${otherOwner.count} of ${entries} entries of ${dataDir} belong to another user than the directory itself, such as ${otherOwner.example}: a run of its owner cannot replace them`,
      hint: `Run as root: ${shellCommand`chown -R --reference=${dataDir} ${dataDir}`}. Then run jam as the owner of the directory only.`,
    });
  }
  if (ownerOnly.count > 0) {
    results.push({
      check: "permissions",
      state: "warn",
      detail: `only the owner can read ${ownerOnly.count} of ${entries} entries of ${dataDir}, such as ${ownerOnly.example}: a web server or a jam serve of another user cannot show them`,
      hint: `If another user serves it, run: chmod -R go+rX ${dataDir}, and let jam run with umask 022 (UMask=0022 in a systemd unit).`,
    });
  }
  return results;
}

async function orFailure(
  check: CheckResult["check"],
  action: () => Promise<CheckResult[]>,
): Promise<CheckResult[]> {
  try {
    return await action();
  } catch (cause) {
    return [failure(check, toJamError(cause))];
  }
}

/** A check that fails for this reason. */
export function failure(check: CheckResult["check"], { code, message, hint }: JamError): CheckResult {
  return { check, state: "fail", code, detail: `${message} [${code}]`, ...defined({ hint }) };
}
