/** Procedures for the fleets that Juju's own formatters printed, in every form in which a plan is shown. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatPlanMarkdown } from "../../../src/cli/render/plan-markdown.ts";
import { renderUpgradePlan } from "../../../src/cli/render/plan-table.ts";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import { createAgentIndex } from "../../../src/upgrade/plan/agent-needs.ts";
import { groupsOf } from "../../../src/upgrade/plan/group.ts";
import { makePlan } from "../../../src/upgrade/plan/make-plan.ts";
import { parsePlan, type PlanDocument } from "../../../src/upgrade/plan/plan-document.ts";
import { parseTarget } from "../../../src/upgrade/plan/target.ts";
import { anAgent } from "../../helpers/agents.ts";

const FLEETS = join(import.meta.dirname, "../../fixtures/fleets");
const URL_OF_MIRROR = "http://mirror.example.com:8080/tools";
const UPSTREAM = "2.9.42 2.9.52 2.9.60 3.6.9 3.6.14 3.6.28 4.0.8 4.0.15 4.1.0"
  .split(" ")
  .flatMap((version) => ["amd64", "arm64"].map((arch) => anAgent(`${version}-ubuntu-${arch}`)));

const folders = (await readdir(FLEETS)).filter((name) => /^\d/.test(name));

async function plansOf(folder: string): Promise<PlanDocument[]> {
  const names = (await readdir(join(FLEETS, folder))).filter((name) => name !== "expected.json");
  const read = async (name: string) => ({ name, text: await readFile(join(FLEETS, folder, name), "utf8") });
  const groups = [];
  for (const name of names) {
    // Files of one kind try the reader; what cannot be read has no plan.
    try {
      const fleet = readFleet([await read(name)]);
      groups.push(groupsOf(fleet, { arches: ["amd64"], oses: ["ubuntu"], series: [] }, []));
    } catch {
      continue;
    }
  }
  return groups.flatMap((one) =>
    [undefined, "3.6", "4.0"].map((target) =>
      makePlan(
        {
          groups: one,
          target: target === undefined ? undefined : parseTarget(target, "--to"),
          stream: "released",
          streams: ["released"],
          createdAt: new Date("2026-11-23T12:00:00Z"),
          warnings: [],
        },
        {
          index: createAgentIndex({ held: [], upstream: UPSTREAM, streams: ["released"] }),
          knowledge: JUJU_KNOWLEDGE,
          clients: [],
          url: URL_OF_MIRROR,
        },
      ),
    ),
  );
}

const plain = (_style: string, text: string) => text;

test.for(folders)("%s: every hop has its procedure, in every form", async (folder) => {
  for (const plan of await plansOf(folder)) {
    for (const { procedure, companions, from, steps } of plan.hops) {
      expect(procedure?.before.map(({ id }) => id)).toContain("healthy");
      expect(procedure?.do.flatMap(({ commands }) => commands).toSorted()).toEqual(
        steps.map(({ command }) => command).toSorted(),
      );
      expect(procedure?.wayBack.length).toBeGreaterThan(0);
      if (!from.startsWith("1.")) expect(procedure?.ifItFails.length).toBeGreaterThan(2);
      expect(companions).toBeDefined();
    }
    const again = parsePlan({ name: "plan.json", text: JSON.stringify(plan) });
    expect(again).toEqual(JSON.parse(JSON.stringify(plan)));
    const forms = [
      await renderUpgradePlan(plan, plain),
      await renderUpgradePlan(plan, plain, { isWhole: true }),
      formatPlanMarkdown(plan),
    ];
    for (const text of forms) {
      expect(text).not.toMatch(/undefined|\[object|cannot be pasted/);
      if (plan.hops.some(({ how, steps }) => how === "migrate" && steps.length > 0)) {
        expect(text).toContain(`agent-metadata-url=${URL_OF_MIRROR}`);
      }
    }
  }
});

test("a plan for one healthy model fits on a screen, and its whole procedure has every part", async () => {
  const [plan] = await plansOf("01-healthy-model");
  if (plan === undefined) throw new Error("the folder has a fleet");
  expect((await renderUpgradePlan(plan, plain)).split("\n").length).toBeLessThanOrEqual(40);
  const whole = await renderUpgradePlan(plan, plain, { isWhole: true });
  const markdown = formatPlanMarkdown(plan);
  for (const part of ["Before", "Client", "Do", "Watch", "Verify", "If it fails", "Way back"]) {
    expect(whole).toContain(`   ${part}\n`);
    expect(markdown).toContain(`### ${part}\n`);
  }
});
