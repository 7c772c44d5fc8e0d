import { describe, expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { parseVersion } from "../../../src/juju/version.ts";
import { formatDot, formatMermaid, makeUpgradeGraph } from "../../../src/upgrade/graph.ts";
import { anAgent } from "../../helpers/agents.ts";

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

  test("starts at the given version, even if it is not held", () => {
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
