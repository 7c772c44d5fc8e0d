import { describe, expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/juju-knowledge.ts";
import { parseVersion } from "../../../src/juju/version.ts";
import { formatDot, formatMermaid, makeUpgradeGraph } from "../../../src/upgrade/graph.ts";
import { readStatus } from "../../../src/upgrade/fleet/read-fleet.ts";
import { judgeUpgraded } from "../../../src/upgrade/upgraded.ts";
import { fleetStatus } from "../../fixtures/fleet/fleet.ts";
import { anAgent } from "../juju/agents.ts";

function judge(model: string, target?: string) {
  return judgeUpgraded(readStatus({ name: "s.json", text: fleetStatus("prod", model) }), target);
}

describe("upgraded", () => {
  test("is done when every machine and unit runs the model's version", () => {
    expect(judge("web")).toMatchObject({ upgraded: true, target: "2.9.42", next: [] });
  });

  test("names a machine that is down, and its agent's process", () => {
    const { upgraded, agents } = judge("batch");
    expect(upgraded).toBe(false);
    const late = agents.filter(({ state }) => state !== "on-target");
    expect(late).toMatchObject([{ kind: "machine", name: "1", version: "2.9.12", status: "down" }]);
    expect(late[0]?.next.join()).toContain("systemctl restart jujud-machine-1");
  });

  test("starts with the model itself when it was not told to upgrade", () => {
    const { upgraded, agents, next } = judge("web", "2.9.60");
    expect(upgraded).toBe(false);
    expect(agents.every(({ state }) => state === "behind")).toBe(true);
    expect(next[0]).toContain("juju upgrade-model -m prod:web --agent-version 2.9.60");
    expect(next.join()).toContain("agent-metadata-url");
  });
});

describe("the graph", () => {
  const held = ["2.9.42", "2.9.49", "3.6.5", "3.6.27", "4.0.15"].map((version) =>
    anAgent(`${version}-ubuntu-amd64`),
  );
  const input = { held, upstream: [], knowledge: JUJU_KNOWLEDGE, from: undefined, isWhole: false };
  const edgesOf = (changes: Partial<Parameters<typeof makeUpgradeGraph>[0]> = {}) =>
    makeUpgradeGraph({ ...input, ...changes }).edges.map(({ from, to, how }) => `${from} ${how} ${to}`);

  test("leads to the newest version of each minor", () => {
    expect(edgesOf()).toEqual([
      "2.9.42 upgrade 2.9.49",
      "2.9.49 migrate 3.6.27",
      "3.6.5 upgrade 3.6.27",
      "3.6.27 migrate 4.0.15",
    ]);
  });

  test("starts where it is told to, also at a version that nobody holds", () => {
    const graph = makeUpgradeGraph({ ...input, from: parseVersion("3.6.11") });
    expect(graph.nodes.map(({ version }) => version)).toEqual(["3.6.11", "3.6.27", "4.0.15"]);
  });

  test("loses an edge to advice that blocks it, and marks one that is risky", () => {
    const risky = { from: "*", to: "4.0.15", severity: "warn", reason: "take a backup" } as const;
    const blocked = { ...JUJU_KNOWLEDGE, advice: [{ ...risky, severity: "block" as const }] };
    expect(edgesOf({ knowledge: blocked }).join()).not.toContain("4.0.15");
    const graph = makeUpgradeGraph({ ...input, knowledge: { ...JUJU_KNOWLEDGE, advice: [risky] } });
    expect(formatDot(graph)).toContain('"3.6.27" -> "4.0.15" [style=dashed, color=orange];');
    expect(formatMermaid(graph)).toContain("v3_6_27 -.->|warn| v4_0_15");
  });
});
