import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { isKnownVersion, newestRead } from "../../juju/knowledge/known-versions.ts";
import { covers } from "../../juju/upgrade-edge.ts";
import { parseVersion } from "../../juju/version.ts";
import { notNamedBy } from "../plan/fleet-remarks.ts";
import type { PlanCheck, PlanDocument } from "../plan/plan-document.ts";
import type { LookItem, ReadyCheck } from "./ready-document.ts";

/** All checks of a plan except those of tarballs: its fleet, its path, Juju's own checks. */
export function planChecks(plan: PlanDocument, knowledge: Knowledge): ReadyCheck[] {
  return [
    ...pathCheck(plan),
    ...versionCheck(plan),
    ...fleetCheck(plan),
    ...adviceCheck(plan, knowledge),
    ...jujuChecks(plan),
    ...healthCheck(plan),
  ];
}

/** Problems that Juju ignores and that no other check names. */
function healthCheck(plan: PlanDocument): ReadyCheck[] {
  const { notWell } = plan;
  if (notWell === undefined || plan.controllers.every(({ name }) => name === undefined)) return [];
  const found = checksOf(plan).filter(({ state }) => state === "found");
  const evidence = notNamedBy(
    notWell,
    found.flatMap(({ where }) => where),
  );
  const id = "fleet-health";
  if (evidence.length === 0) {
    if (notWell.length > 0) return [];
    return [
      {
        id,
        status: "ok",
        summary: "Every agent works and runs the version of its model.",
        evidence: [],
        remedy: "",
      },
    ];
  }
  return [
    {
      id,
      status: "unknown",
      summary:
        "Parts of the fleet have a problem: Juju starts the upgrade anyway, and they may stay on their version.",
      evidence,
      remedy: `Repair them first: \`jam upgraded FILE\` lists what to try. --confirm ${id} records that you checked it.`,
    },
  ];
}

function pathCheck({ controllers }: PlanDocument): ReadyCheck[] {
  const stuck = controllers.filter(({ outcome }) => outcome === "none");
  if (stuck.length === 0) return [];
  return [
    {
      id: "upgrade-path",
      status: "fail",
      summary: "A controller has no upgrade path to its target.",
      evidence: stuck.map(({ name, from, reason }) => `${name ?? "this"} (${from}): ${reason ?? "no path"}`),
      remedy: "`jam graph` shows the possible upgrades of a version.",
    },
  ];
}

/** The rules of releases that were not examined are not known, so nothing about them is certain. */
function versionCheck({ controllers, hops }: PlanDocument): ReadyCheck[] {
  const texts = new Set([
    ...controllers.flatMap(({ from, to }) => [from, ...(to === undefined ? [] : [to])]),
    ...hops.flatMap(({ from, to, models }) => [from, to, ...models.map((model) => model.from)]),
  ]);
  const unknown = [...texts].map(parseTexts).filter(({ version }) => !isKnownVersion(version));
  const evidence = unknown.map(({ text, version }) => {
    const newest = newestRead(version);
    return newest === undefined
      ? `${text}: its minor is not known`
      : `${text}: the newest known is ${newest}`;
  });
  return [
    unknown.length === 0
      ? {
          id: "juju-known",
          status: "ok",
          summary: "jam knows every Juju version of the plan.",
          evidence: [],
          remedy: "",
        }
      : {
          id: "juju-known",
          status: "unknown",
          summary: "The plan contains Juju versions whose rules jam does not know.",
          evidence,
          remedy: "Read their release notes, or use a newer jam; --confirm juju-known records that you did.",
        },
  ];
}

function parseTexts(text: string) {
  return { text, version: parseVersion(text) };
}

/** Files and parts that could not be read, models without a status, controllers without a version. */
function fleetCheck({ unread, unknown = [], controllers }: PlanDocument): ReadyCheck[] {
  const parts = unread.map(({ file, place, text }) => `${file}${place === "" ? "" : ` (${place})`}: ${text}`);
  const evidence = [...parts, ...unknown];
  if (evidence.length > 0) {
    return [
      {
        id: "fleet-files",
        status: "unknown",
        summary: "The files do not contain everything about the fleet.",
        evidence,
        remedy: "Add what is missing and make the plan again.",
      },
    ];
  }
  const isFleet = controllers.some(({ name }) => name !== undefined);
  if (!isFleet) return [];
  return [
    {
      id: "fleet-files",
      status: "ok",
      summary: "The files contain the version, machines and units of every model.",
      evidence: [],
      remedy: "",
    },
  ];
}

function adviceCheck({ hops }: PlanDocument, knowledge: Knowledge): ReadyCheck[] {
  const blocked = hops.flatMap((hop) => {
    const [from, to] = [parseVersion(hop.from), parseVersion(hop.to)];
    return knowledge.advice
      .filter((one) => one.severity === "block" && covers(one, from, to))
      .map(({ reason }) => `${hop.from} → ${hop.to}: ${reason}`);
  });
  if (blocked.length === 0) return [];
  return [
    {
      id: "advice",
      status: "fail",
      summary: "Advice blocks a hop.",
      evidence: [...new Set(blocked)],
      remedy: "Make the plan again: it avoids what advice blocks.",
    },
  ];
}

/** Juju's own checks over all hops, without those that only a person can decide. */
function jujuChecks(plan: PlanDocument): ReadyCheck[] {
  return [...Map.groupBy(checksOf(plan), ({ id }) => id)].flatMap(([id, checks]): ReadyCheck[] => {
    const found = checks.filter(({ state, uncertain }) => state === "found" && uncertain !== true);
    const signs = checks.filter(({ uncertain }) => uncertain === true);
    const silent = checks.filter((check) => check.state === "look" && isShownByListing(check));
    const [first] = [...found, ...signs, ...silent];
    if (first === undefined) return checks.every(isForPeople) ? [] : [clearCheck(id, checks)];
    const isFailed = found.length > 0;
    const places = [...found, ...signs].flatMap(({ where }) => where);
    const hidden = silent.flatMap(({ unknown = [] }) => unknown).map((place) => `${place}: not known`);
    const evidence = [...new Set([...places, ...hidden])];
    return [
      {
        id,
        status: isFailed ? "fail" : "unknown",
        summary: isFailed || signs.length > 0 ? first.fact : `Not known: ${first.fact}`,
        evidence: evidence.length === 0 && first.look !== undefined ? [first.look] : evidence,
        remedy: first.remedy,
      },
    ];
  });
}

function clearCheck(id: string, [first]: readonly PlanCheck[]): ReadyCheck {
  return { id, status: "ok", summary: `Does not apply: ${first?.fact ?? ""}`, evidence: [], remedy: "" };
}

function isShownByListing({ visibility }: PlanCheck): boolean {
  return visibility === undefined || visibility === "listing";
}

function isForPeople(check: PlanCheck): boolean {
  return check.state === "look" && !isShownByListing(check);
}

/** Checks of the hops of a fleet; a plan without a fleet cannot decide any. */
function checksOf({ hops }: PlanDocument): PlanCheck[] {
  return hops.filter(({ controller }) => controller !== undefined).flatMap(({ checks }) => checks);
}

/** What no listing shows, each once, with the command for the first controller or model that it is about. */
export function lookItems(plan: PlanDocument): LookItem[] {
  const items = new Map<string, LookItem>();
  for (const [id, checks] of Map.groupBy(checksOf(plan).filter(isForPeople), (check) => check.id)) {
    const commands = [...new Set(checks.flatMap(({ look }) => look ?? []))];
    items.set(id, { id, summary: checks[0]?.fact ?? "", command: commandFor(commands) });
  }
  if (plan.hops.some(({ controller }) => controller === undefined)) {
    items.set("fleet", {
      id: "fleet",
      summary:
        "The plan was made without a fleet: what runs there and what could block the upgrade was not checked.",
      command: "jam plan --fleet FILE… --to VERSION -o json",
    });
  }
  return [...items.values()];
}

function commandFor([first, ...others]: readonly string[]): string | null {
  if (first === undefined) return null;
  if (others.length === 0) return first;
  const more = `the same for ${others.length} more, see the plan`;
  return first.includes(" # ") ? `${first}; ${more}` : `${first}    # ${more}`;
}
