import { JamError } from "../../shared/errors.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { MirrorUrl } from "../../juju/mirror-url.ts";
import type { SelectionRules } from "../../juju/selection-rules.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { UsableAgents } from "../usable-agents.ts";
import { createAgentIndex } from "./agent-index.ts";
import { anonymousGroup, groupsOf, unknownOf, type PlanGroup } from "./group.ts";
import { makePlan } from "./make-plan.ts";
import { notWellIn } from "./not-well.ts";
import type { PlanDocument } from "./plan-document.ts";
import { assumedPlatformsOf, type PlanWish } from "./plan-words.ts";
import { unplannedOf } from "./unplanned.ts";

/** What a plan rests on. */
export interface PlanSources {
  /** Undefined for a plan from a version. */
  readonly fleet: Fleet | undefined;
  readonly known: Pick<UsableAgents, "held" | "upstream">;
  readonly knowledge: Knowledge;
  /** Rules of the mirror, for the architectures to assume. */
  readonly select: SelectionRules["select"];
  /** This mirror as controllers see it. */
  readonly mirror: MirrorUrl;
  readonly now: Date;
}

/**
 * The plan from a version, or for a fleet: what `jam plan -o json` prints and `/api/v1/plan` answers.
 * @throws JamError JAM_FLEET_INVALID for a fleet without a controller, JAM_AGENT_NOT_FOUND, JAM_PLAN_IMPOSSIBLE
 */
export function planFrom(wish: PlanWish, sources: PlanSources): PlanDocument {
  const { fleet, known, knowledge, select, mirror, now } = sources;
  const { target, stream, streams, clients } = wish;
  const assumed = assumedPlatformsOf(wish.platforms, select, [...known.held, ...known.upstream]);
  const unplaced: string[] = [];
  const groups: readonly PlanGroup[] =
    wish.from === undefined
      ? groupsOf(requireFleet(fleet), assumed, unplaced)
      : [anonymousGroup(wish.from, wish.modelType, assumed)];
  const warnings = [...(fleet?.notes ?? []), ...unplaced];
  if (groups.length === 0) throw noControllers(warnings);
  const plan = makePlan(
    {
      groups,
      target,
      stream,
      streams,
      createdAt: now,
      warnings,
      unknown: fleet === undefined ? [] : [...unplaced, ...unknownOf(fleet)],
      unread: fleet === undefined ? [] : unplannedOf(fleet),
      notWell: fleet === undefined ? [] : notWellIn(fleet),
    },
    { index: createAgentIndex({ ...known, streams }), knowledge, clients, url: mirror.url },
  );
  const isNamed = mirror.isLoopback && JSON.stringify(plan.hops).includes(mirror.url);
  return isNamed ? { ...plan, warnings: [loopbackNote(mirror), ...plan.warnings] } : plan;
}

function requireFleet(fleet: Fleet | undefined): Fleet {
  if (fleet !== undefined) return fleet;
  throw new JamError("JAM_INTERNAL", "A plan needs a version or a fleet to begin at.");
}

function loopbackNote({ url }: MirrorUrl): string {
  return `The commands name this mirror by ${url}, where no controller reaches it: give --url http://ADDRESS:8080/tools, or set server.listen.`;
}

function noControllers(warnings: readonly string[]): JamError {
  return new JamError("JAM_FLEET_INVALID", "The files name no controller that a plan can be made for.", {
    lines: warnings,
    hint: "Add what juju models --format json or juju show-controller --format json prints for each controller.",
  });
}
