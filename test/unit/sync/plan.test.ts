import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { formatAgentName, type Agent } from "../../../src/juju/agent.ts";
import { planSync, publishableAgents, type Verdict } from "../../../src/sync/plan.ts";
import { mirrored } from "./agents.ts";

const taken = (agent: Agent): Verdict => ({ agent, taken: true, denied: false, reason: "rule 1 selects it" });
const dropped = (agent: Agent): Verdict => ({ ...taken(agent), taken: false, reason: "no rule selects it" });
const denied = (agent: Agent): Verdict => ({ ...dropped(agent), denied: true, reason: "denied" });

const isRead = (): boolean => true;
const names = (agents: readonly Agent[]): string[] => agents.map(formatAgentName);

const versions = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 });
const some = versions.map((patches) => patches.map((patch) => mirrored(`3.6.${patch}`)));

describe("a plan", () => {
  property.prop([some, some])("leads from whatever is held to exactly what is wanted", (wanted, listed) => {
    const held = new Set(listed.map(({ sha256 }) => sha256));
    const plan = planSync({
      verdicts: wanted.map(taken),
      listed,
      isRead,
      isHeld: (agent) => held.has(agent.sha256),
    });
    for (const { sha256 } of plan.fetch) held.add(sha256);
    const published = publishableAgents(plan, listed, (agent) => held.has(agent.sha256));
    expect(names(published)).toEqual(names(wanted));
    const gone = new Set(plan.remove.map(({ agent }) => agent));
    const stays = names(listed).filter((name) => !gone.has(name));
    expect(new Set([...stays, ...names(wanted)])).toEqual(new Set(names(wanted)));
  });

  property.prop([some])("does nothing once it was carried out", (wanted) => {
    const plan = planSync({ verdicts: wanted.map(taken), listed: wanted, isRead, isHeld: () => true });
    expect(plan).toMatchObject({ fetch: [], remove: [], bytes: 0 });
  });

  property.prop([some, some, fc.func(fc.boolean())])(
    "never leaves a minor empty because a fetch failed",
    (wanted, listed, comes) => {
      const isHeld = (agent: Agent): boolean => names(listed).includes(formatAgentName(agent));
      const plan = planSync({ verdicts: wanted.map(taken), listed, isRead, isHeld });
      const isHeldAfter = (agent: Agent): boolean => isHeld(agent) || comes(agent.sha256);
      const published = publishableAgents(plan, listed, isHeldAfter);
      expect(published.every(isHeldAfter)).toBe(true);
      if (wanted.length > 0 && listed.length > 0) expect(published.length).toBeGreaterThan(0);
    },
  );
});

test("fetches a tarball once, for all agents that it holds", () => {
  const agents = ["xenial", "bionic"].map((release) => ({ ...mirrored("2.8.13"), release }));
  const plan = planSync({ verdicts: agents.map(taken), listed: [], isRead, isHeld: () => false });
  expect(plan.fetch).toHaveLength(1);
  expect(plan.fetch[0]?.agents).toEqual(["2.8.13-xenial-amd64", "2.8.13-bionic-amd64"]);
  expect(plan.bytes).toBe(agents[0]?.size);
});

test("says why something goes", () => {
  const [gone, unwanted, refused, unread] = ["3.6.1", "3.6.2", "3.6.3", "3.6.4"].map((version) =>
    mirrored(version),
  ) as [Agent, Agent, Agent, Agent];
  const plan = planSync({
    verdicts: [dropped(unwanted), denied(refused)],
    listed: [gone, unwanted, refused, unread],
    isRead: (agent) => agent !== unread,
    isHeld: () => true,
  });
  expect(plan.remove.map(({ reason }) => reason)).toEqual([
    "gone upstream",
    "no longer selected",
    "denied",
    "no longer selected",
  ]);
});

test("what is denied goes even when the rest has to wait", () => {
  const [bad, old, next] = ["3.6.1", "3.6.2", "3.6.3"].map((version) => mirrored(version)) as [
    Agent,
    Agent,
    Agent,
  ];
  const plan = planSync({
    verdicts: [denied(bad), dropped(old), taken(next)],
    listed: [bad, old],
    isRead,
    isHeld: (agent) => agent !== next,
  });
  expect(publishableAgents(plan, [bad, old], (agent) => agent !== next)).toEqual([old]);
});
