import type { PlanWishes } from "../../mirror/kept-plans.ts";
import type { PlanDocument } from "../../upgrade/plan/plan-document.ts";
import type { CommandContext } from "../command.ts";

/**
 * What the plan in a file needs.
 * @throws JamError JAM_USAGE_INVALID, JAM_PLAN_INVALID
 */
export async function readPlanWishes(context: CommandContext, file: string): Promise<PlanWishes> {
  return planWishes(context, await readPlanFile(context, file));
}

/**
 * The plan in a file.
 * @throws JamError JAM_USAGE_INVALID, JAM_PLAN_INVALID
 */
export async function readPlanFile(context: CommandContext, file: string): Promise<PlanDocument> {
  const { readInputFile } = await import("./input-files.ts");
  const { parsePlan } = await import("../../upgrade/plan/plan-document.ts");
  return parsePlan(await readInputFile(context, file, "--plan"));
}

/** What a plan needs. What cannot be fetched is named. */
export async function planWishes(context: CommandContext, plan: PlanDocument): Promise<PlanWishes> {
  const { wishesOf } = await import("../../upgrade/plan/plan-document.ts");
  const { wishes, unobtainable } = wishesOf(plan);
  if (unobtainable.length > 0) {
    await context.output.note(
      `Not fetched, because no upstream listed them when the plan was made: ${unobtainable.join(", ")}.`,
    );
  }
  if (wishes.agents.size === 0) {
    await context.output.warn(
      unobtainable.length > 0
        ? "warning: no agent of the plan can be fetched, so this run fetches none."
        : "warning: the plan needs no agents, so this run fetches none.",
    );
  }
  return wishes;
}

/** All that a plan needs, also what no upstream listed when it was made: the run names it where it is missing still. */
export async function everyPlanWish(plan: PlanDocument): Promise<PlanWishes> {
  const { wishesOf } = await import("../../upgrade/plan/plan-document.ts");
  const { wishes, unobtainable } = wishesOf(plan);
  return {
    ...wishes,
    agents: new Map([...wishes.agents, ...unobtainable.map((name) => [name, null] as const)]),
  };
}
