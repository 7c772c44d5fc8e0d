import type { ErrorCode } from "../shared/errors.ts";
import { formatDuration } from "../shared/duration.ts";
import { formatLocalTime } from "../shared/local-time.ts";
import { printable } from "../shared/printable.ts";
import type { StatusDocument } from "../mirror/status-document.ts";
import type { CheckResult } from "./check-data.ts";

/** A first look at upstream takes at most about this long. */
const STARTS_MS = 120_000;

/** A cache server that has the data directory, as others see it. */
export interface ServerUnderTest {
  readonly host: string;
  readonly pid: number;
  readonly since: Date;
  /** Its user, and the folders that this user cannot write to; undefined where that cannot be found out. */
  readonly user: { readonly uid: number; readonly readOnly: readonly string[] } | undefined;
  /** When the settings were last changed; undefined without a file. */
  readonly settingsChangedAt: Date | undefined;
  /** What it says of itself; undefined where it runs on another machine. */
  readonly answer: ServerAnswer | undefined;
}

/** The answer to `/readyz` of the address that the settings name. */
export type ServerAnswer =
  | {
      readonly kind: "readiness";
      readonly url: string;
      readonly ready: boolean;
      /** Why it is not ready, in sentences. */
      readonly reasons: readonly string[];
      readonly notes: readonly { readonly code: ErrorCode; readonly since: string }[];
    }
  /** Nothing answers, or not with what a jam answers. */
  | { readonly kind: "none"; readonly url: string; readonly reason: string };

interface SeenServer {
  readonly server: ServerUnderTest | undefined;
  readonly status: NonNullable<StatusDocument["cache"]>;
  /** Names of the upstreams that answered this check. */
  readonly answering: ReadonlySet<string>;
  readonly now: Date;
}

/** What the running server sees, compared with what this check saw. */
export function checkServer({ server, ...seen }: SeenServer): CheckResult[] {
  if (server === undefined) {
    return [
      {
        check: "server",
        state: "ok",
        detail: "no cache server runs on this data directory; `jam serve` starts one",
      },
    ];
  }
  const problems = [
    ...checkUser(server),
    ...checkSettings(server),
    ...checkAnswer(server),
    ...checkView(server, seen),
  ];
  if (problems.length > 0) return problems;
  const detail = `runs since ${formatLocalTime(server.since)} (process ${server.pid} on ${server.host}), and sees upstream as this check does`;
  return [{ check: "server", state: "ok", detail }];
}

function checkUser({ user, pid }: ServerUnderTest): CheckResult[] {
  if (user === undefined || user.readOnly.length === 0) return [];
  return [
    {
      check: "permissions",
      state: "fail",
      code: "JAM_STORE_PERMISSION",
      detail: `the server (process ${pid}) runs as user ${user.uid}, who cannot write to ${user.readOnly.join(", ")}: it stores nothing, and cannot accept what upstream lists [JAM_STORE_PERMISSION]`,
      hint: `Run as root: chown -R ${user.uid} on these folders, and run every jam command as that user.`,
    },
  ];
}

function checkSettings({ settingsChangedAt, since }: ServerUnderTest): CheckResult[] {
  if (settingsChangedAt === undefined || settingsChangedAt <= since) return [];
  return [
    {
      check: "server",
      state: "warn",
      detail: `the settings were changed on ${formatLocalTime(settingsChangedAt)}, after the server started (${formatLocalTime(since)}): it works with the earlier ones`,
      hint: "Restart it: systemctl restart jam-serve.",
    },
  ];
}

function checkAnswer({ answer, pid }: ServerUnderTest): CheckResult[] {
  if (answer?.kind === "none") {
    return [
      {
        check: "server",
        state: "warn",
        detail: `a cache server runs (process ${pid}), but ${answer.url} does not answer as it should: ${answer.reason.replace(/\.$/, "")}`,
        hint: "If it listens elsewhere (--listen), set server.listen to that address. Else look at its log: journalctl -u jam-serve.",
      },
    ];
  }
  if (answer === undefined) return [];
  const failure = answer.notes.find(({ code }) => code.startsWith("JAM_STORE_"));
  if (failure !== undefined) {
    return [
      {
        check: "server",
        state: "fail",
        code: failure.code,
        detail: `the server cannot write what it reads of upstream, since ${formatLocalTime(new Date(failure.since))} [${failure.code}]`,
        hint: "Its log has the reason: journalctl -u jam-serve. Mostly the disk is full, or the folder belongs to another user.",
      },
    ];
  }
  if (answer.ready) return [];
  const why = answer.reasons.map((reason) => reason.replace(/\.$/, "")).join("; ");
  return [
    {
      check: "server",
      state: "fail",
      detail: `the server answers, but is not ready: ${why === "" ? answer.url : `${printable(why)} (${answer.url})`}`,
      hint: "`jam status` says what is held and whether upstream answers.",
    },
  ];
}

/** Upstream as the server sees it. */
function checkView(
  { pid, since }: ServerUnderTest,
  { status, answering, now }: Omit<SeenServer, "server">,
): CheckResult[] {
  const ageOf = (time: string) => formatDuration(now.getTime() - Date.parse(time));
  const results = status.upstreams.flatMap((one): CheckResult[] => {
    const { name, state, away, fault, refreshedAt } = one;
    if (state === "away" && away !== undefined && answering.has(name))
      return [
        {
          check: "server",
          state: "fail",
          code: away.code,
          detail: `${name} answered this check, but the server (process ${pid}) has not reached it for ${ageOf(away.since)}: ${away.message} [${away.code}]`,
          hint: "It asks again at its next refresh. If that does not help, its environment differs from yours: HTTPS_PROXY and NO_PROXY in its systemd unit, its user, its network.",
        },
      ];
    if (state === "away" && away !== undefined)
      return [
        {
          check: "server",
          state: "warn",
          code: away.code,
          detail: `the server has not reached ${name} for ${ageOf(away.since)}${isStillListed(one, now) ? "; what is not held is still listed" : ", so only what is held of it is listed"} [${away.code}]`,
          hint: "What is listed can be fetched again when the line is back; nothing needs to be done here.",
        },
      ];
    if (state === "refused" && fault !== undefined)
      return [
        {
          check: "server",
          state: "fail",
          code: fault.code,
          detail: `the server refuses what ${name} publishes, for ${ageOf(fault.since)}: ${fault.message} [${fault.code}]`,
          hint: "Look at the message, then accept it with `jam sync --allow`, or ask the operator of that upstream.",
        },
      ];
    const hasHadTime = now.getTime() - since.getTime() > STARTS_MS;
    if (state === "unknown" && hasHadTime)
      return [
        {
          check: "server",
          state: "warn",
          detail: `the server has run for ${formatDuration(now.getTime() - since.getTime())}, and ${refreshedAt === null ? `has never asked ${name}` : `last asked ${name} ${ageOf(refreshedAt)} ago`}`,
          hint: "Its log says why: journalctl -u jam-serve. A restart begins with a look at every upstream.",
        },
      ];
    return [];
  });
  return [...results, ...checkFault(status, results)];
}

/** A refusal that is about no single upstream, such as a mass removal. */
function checkFault({ fault }: SeenServer["status"], found: readonly CheckResult[]): CheckResult[] {
  if (fault === undefined || found.some(({ code }) => code === fault.code)) return [];
  return [
    {
      check: "server",
      state: "fail",
      code: fault.code,
      detail: `the server refuses what upstream publishes, and offers what it listed before: ${fault.message.replaceAll(/\.?\n\s*/g, "; ")} [${fault.code}]`,
      hint: "Look at the message, then accept it with `jam sync --allow`, or correct the rules.",
    },
  ];
}

function isStillListed({ staleUntil }: { readonly staleUntil?: string }, now: Date): boolean {
  return staleUntil !== undefined && Date.parse(staleUntil) > now.getTime();
}
