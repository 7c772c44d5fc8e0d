import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { parseVersion } from "../../../src/juju/version.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import { createAgentIndex } from "../../../src/upgrade/plan/agent-needs.ts";
import { groupsOf } from "../../../src/upgrade/plan/group.ts";
import { makePlan } from "../../../src/upgrade/plan/make-plan.ts";
import type { PlanDocument } from "../../../src/upgrade/plan/plan-document.ts";
import { parseTarget } from "../../../src/upgrade/plan/target.ts";
import { anAgent } from "../../helpers/agents.ts";

const FLEETS = join(import.meta.dirname, "../../fixtures/fleets");
const ASSUMED = { arches: ["amd64"], oses: ["ubuntu"], series: [] };

const UPSTREAM = [
  ...["bionic", "xenial", "focal", "win2016"].flatMap((series) =>
    ["2.8.13", "2.8.14", "2.9.42", "2.9.60"].map((version) => `${version}-${series}`),
  ),
  ..."2.9.42 2.9.52 2.9.60 3.6.4 3.6.9 3.6.11 3.6.14 3.6.20 3.6.28 4.0.8 4.0.15 4.1.0"
    .split(" ")
    .map((version) => `${version}-ubuntu`),
].flatMap((name) => ["amd64", "arm64", "s390x"].map((arch) => anAgent(`${name}-${arch}`)));

interface Block {
  readonly step: string;
  readonly check: string;
  /** `prod:web`, with the one part where there is just one. */
  readonly where: string;
  readonly parts?: readonly string[];
  readonly certain?: false;
}

interface Expected {
  readonly files: Readonly<Record<string, { readonly read: boolean | string }>>;
  readonly blocks: readonly Block[];
  readonly models: readonly { readonly name: string }[];
}

const folders = (await readdir(FLEETS)).filter((name) => /^\d/.test(name) && !/^(?:28|29|32)-/.test(name));
const cases = (await Promise.all(folders.map(casesOf))).flat();

async function casesOf(folder: string) {
  const text = await readFile(join(FLEETS, folder, "expected.json"), "utf8");
  const { files, blocks } = JSON.parse(text) as Expected;
  const names = Object.entries(files)
    .filter(([, { read }]) => read === true)
    .map(([name]) => name);
  return blocks.map((block) => ({ ...block, folder, names }));
}

/** The plan goes over a patch of 2.9 that lets focal pass, so that nothing may be refused any more. */
const IS_LIFTED = (check: string, folder: string) =>
  check === "ubuntu-before-focal" && /^2[56]-/.test(folder);

/** Wherever the fleet may go: the newest patch of its minor, and one controller further. */
async function plansOf(folder: string, names: readonly string[]): Promise<PlanDocument[]> {
  const texts = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(FLEETS, folder, name), "utf8") })),
  );
  const groups = groupsOf(readFleet(texts), ASSUMED, []);
  const targets = [undefined, "3.6", "4.0", "4.1"];
  return targets.map((target) =>
    makePlan(
      {
        groups,
        target: target === undefined ? undefined : parseTarget(target, "--to"),
        stream: "released",
        streams: ["released"],
        createdAt: new Date("2026-11-23T12:00:00Z"),
        warnings: [],
      },
      {
        index: createAgentIndex({ held: [], upstream: UPSTREAM, streams: ["released"] }),
        knowledge: JUJU_KNOWLEDGE,
        clients: [parseVersion("3.6.28")],
        url: "http://mirror.example.com:8080/tools",
      },
    ),
  );
}

test.for(cases)("$folder: $check at $step of $where", async ({ folder, names, ...block }) => {
  const plans = await plansOf(folder, names);
  const found = plans.flatMap(({ hops }) =>
    hops.flatMap(({ checks }) => checks.filter(({ id, state }) => id === block.check && state === "found")),
  );
  if (IS_LIFTED(block.check, folder)) {
    const sources = plans.flatMap(({ hops }) =>
      hops.filter(({ how }) => how === "migrate").map(({ from }) => from),
    );
    expect(sources).toContain("2.9.60");
    expect(sources).not.toContain("2.9.42");
    return;
  }
  expect(found.flatMap(({ steps }) => steps)).toContain(block.step);
  const places = found.flatMap(({ where }) => where);
  for (const part of block.parts ?? [""]) {
    const [model = "", ...rest] = `${block.where} ${part}`.trim().split(" ");
    const place = [model.split(":")[1], ...rest].join(" ");
    expect(places.filter((one) => one.includes(`:${place}`))).not.toEqual([]);
  }
  if (block.certain === false) expect(found.every(({ uncertain }) => uncertain === true)).toBe(true);
});
