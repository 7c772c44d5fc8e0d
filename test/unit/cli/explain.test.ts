import { expect, test } from "vitest";
import { renderEveryExplanation, renderExplanations } from "../../../src/cli/render/explain.ts";
import { withoutSubject } from "../../../src/cli/render/reasons.ts";
import type { ExplainedAgent } from "../../../src/mirror/explain-document.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";

const VIEW = { paint: (_style: string, text: string) => text, width: Infinity, source: "asked" as const };

function explained(agent: string, fields: Partial<ExplainedAgent> = {}): ExplainedAgent {
  const reason = fields.reason ?? "selects it";
  const taken = fields.taken ?? true;
  return {
    agent,
    streams: ["released"],
    path: `agent/${agent}.tgz`,
    size: 1,
    sha256: agent.padEnd(64, "0") as Sha256,
    held: taken,
    upstream: true,
    taken,
    denied: false,
    reason,
    rules: [{ rule: 1, conditions: "released, newest 1 per minor", taken, reason }],
    ...fields,
  };
}

function skipped(version: string, arch: string): ExplainedAgent {
  const reason = `${version} is not among the newest 1 of 3.6 for ${arch}, which end at 3.6.9`;
  return explained(`${version}-ubuntu-${arch}`, { taken: false, reason });
}

test("agents with the same answer are printed together, and the rule once", async () => {
  const versions = ["3.6.0", "3.6.1", "3.6.2", "3.6.3", "3.6.4"];
  const rows = versions.flatMap((version) =>
    version === "3.6.2"
      ? [explained("3.6.2-ubuntu-amd64", { taken: false, denied: true, reason: "deny: breaks models" })]
      : [skipped(version, "amd64"), skipped(version, "arm64")],
  );
  const text = await renderExplanations(
    [...rows, explained("3.6.9-ubuntu-amd64"), explained("3.6.9-ubuntu-arm64")],
    VIEW,
  );
  expect(text).toBe(`mirrored (held, listed upstream)
  3.6.9  ubuntu  amd64 arm64  released
    rule 1 selects it

denied (not held, listed upstream)
  3.6.2  ubuntu  amd64  released
    deny: breaks models

not mirrored (not held, listed upstream)
  3.6.0, 3.6.1, 3.6.3, 3.6.4  ubuntu  amd64 arm64  released
    rule 1: it is not among the newest 1 of 3.6 for its architecture, which end at 3.6.9

rule 1: released, newest 1 per minor
`);
});

test("many versions in a row are printed as their ends and their number", async () => {
  const rows = Array.from({ length: 30 }, (_, patch) => skipped(`3.6.${patch}`, "amd64"));
  expect(await renderExplanations(rows, VIEW)).toContain(
    "\n  3.6.0 to 3.6.29 (30)  ubuntu  amd64  released\n",
  );
});

test("each agent by itself names the verdict of a single rule once", () => {
  expect(renderEveryExplanation([skipped("3.6.1", "amd64")], VIEW)).toBe(
    `3.6.1-ubuntu-amd64: not mirrored (not held, listed upstream; released)
  3.6.1 is not among the newest 1 of 3.6 for amd64, which end at 3.6.9
`,
  );
});

test.for([
  [
    "3.6.8 is not among the newest 2 of 3.6 for amd64, which end at 3.6.9",
    "it is not among the newest 2 of 3.6 for its architecture, which end at 3.6.9",
  ],
  ['version 3.6.8 is not in ">=3.6.9"', 'its version is not in ">=3.6.9"'],
  [
    "no rule selects it: rule 1: arch amd64 is not arm64; rule 2: 3.6.8 is a pre-release",
    "no rule selects it: rule 1: its architecture is not arm64; rule 2: it is a pre-release",
  ],
  ["stream devel is not released", "stream devel is not released"],
])("%s is shared by agents as: %s", ([reason = "", shared]) => {
  expect(withoutSubject(reason, { version: "3.6.8", release: "ubuntu", arch: "amd64" })).toBe(shared);
});

test("what is selected and not held is offered by a cache, and not yet in a channel", async () => {
  const rows = [
    explained("3.6.9-ubuntu-amd64", { held: false }),
    explained("3.6.9-ubuntu-arm64", { held: false }),
  ];
  expect(await renderExplanations(rows, { ...VIEW, isCache: true })).toMatch(/^offered \(not held, listed/);
  expect(await renderExplanations(rows, { ...VIEW, channel: "prod" })).toMatch(
    /^selected \(not in prod, listed/,
  );
});
