import { describe, expect, test } from "vitest";
import {
  createFetchHint,
  plainFetchHint,
  type FetchView,
  type WantedAgents,
} from "../../../src/upgrade/fetch-hint.ts";
import type { SelectRule } from "../../../src/juju/select-rule.ts";
import { anAgent } from "../../helpers/agents.ts";

const UPSTREAM = [
  "2.9.60-ubuntu-amd64",
  "3.6.1-ubuntu-amd64",
  "3.6.1-ubuntu-s390x",
  "3.6.9-ubuntu-amd64",
  "3.6.9-ubuntu-s390x",
  "3.6.11-ubuntu-amd64",
  "4.0.1-ubuntu-amd64",
  "4.0-beta1-ubuntu-s390x",
].map((name) => anAgent(name));
const HELD = UPSTREAM.filter(({ version }) => version === "3.6.11" || version === "4.0.1");
const RULE = (versions: string, arch = "") =>
  `Run \`jam sync\` with a rule in \`select\` of jam.yaml that selects it: { stream: released, versions: "${versions}"${arch} }.`;

function hint(wanted: WantedAgents, view: Partial<FetchView> = {}): string {
  const rules = { select: [], deny: [] };
  return createFetchHint({ held: HELD, upstream: UPSTREAM, rules, isOffline: false, ...view })(wanted);
}

describe("a sync is only advised where it can bring the agents:", () => {
  test.for<[what: string, wanted: WantedAgents, text: string]>([
    ["a version", { versions: "3.6.9" }, RULE("3.6.9")],
    ["with architectures", { versions: "3.6.9", arches: ["s390x"] }, RULE("3.6.9", ", arch: [s390x]")],
    ["a minor means its newest", { versions: "3.6", arches: ["amd64"] }, RULE("3.6.11", ", arch: [amd64]")],
    ["a major, too", { versions: "2" }, RULE("2.9.60")],
    [
      "not for an architecture that was never built",
      { versions: "3.6.11", arches: ["s390x"] },
      "Upstream listed 3.6.11 for amd64 at the last sync, not for s390x. The newest 3.6 that it listed for s390x is 3.6.9. Choose another version, or add an upstream that has it.",
    ],
    [
      "not for one of two, when the other is held",
      { versions: "4.0.1", arches: ["amd64", "riscv64"] },
      "Upstream listed 4.0.1 for amd64 at the last sync, not for riscv64. It listed no 4.0 for riscv64.",
    ],
    [
      "of a minor for the newest that has them all",
      { versions: "3.6", arches: ["amd64", "s390x"] },
      `Upstream listed 3.6.11 for amd64 at the last sync, not for s390x. 3.6.9 is the newest for all of them. ${RULE("3.6.9", ", arch: [amd64, s390x]")}`,
    ],
    [
      "not for a version that there is not",
      { versions: "3.6.5" },
      "Upstream listed no 3.6.5 in released at the last sync; nearest are 3.6.1 (amd64, s390x) and 3.6.9 (amd64, s390x). Choose another version, or add an upstream that has it.",
    ],
    [
      "not for a minor that there is not",
      { versions: "3.5" },
      "Upstream listed no 3.5 in released at the last sync; nearest are 2.9.60 (amd64) and 3.6.1 (amd64, s390x). Choose another version, or add an upstream that has it.",
    ],
    [
      "above all",
      { versions: "5.0.1" },
      "Upstream listed no 5.0.1 in released at the last sync; nearest is 4.0.1 (amd64). Choose another version, or add an upstream that has it.",
    ],
  ])("%s", ([, wanted, text]) => {
    expect(hint(wanted)).toBe(text);
  });

  test("where upstream, or the stream, was never read, the rule is all that can be said", () => {
    expect(hint({ versions: "3.6.5" }, { upstream: undefined })).toBe(RULE("3.6.5"));
    const proposed = RULE("3.6.5").replace("released", "proposed");
    expect(hint({ versions: "3.6.5", stream: "proposed" })).toBe(proposed);
    expect(plainFetchHint({ versions: "3.6.5" })).toBe(RULE("3.6.5"));
  });
});

describe("it knows the rules:", () => {
  const select: SelectRule[] = [{ streams: ["released"], versions: "3.6" }];

  test("one that takes it needs no other", () => {
    expect(hint({ versions: "3.6.9" }, { rules: { select, deny: [] } })).toBe(
      "Rule 1 of `select` selects it: run `jam sync`.",
    );
  });

  test("one that keeps fewer does not", () => {
    const rules = { select: [{ ...select[0]!, keep: 1 }], deny: [] };
    expect(hint({ versions: "3.6.9", arches: ["amd64"] }, { rules })).toBe(RULE("3.6.9", ", arch: [amd64]"));
  });

  test("deny has to go first", () => {
    const rules = { select, deny: [{ version: "3.6.9", reason: "breaks us" }] };
    expect(hint({ versions: "3.6.9" }, { rules })).toBe(
      "`deny` in jam.yaml excludes it: denied (3.6.9): breaks us. Delete that entry, then run `jam sync`.",
    );
  });
});

test("offline no sync is advised, but a bundle; what upstream never had, nobody can carry", () => {
  const offline = { isOffline: true };
  expect(hint({ versions: "3.6.9" }, offline)).toBe(
    'This mirror is offline: import a bundle that has it (`jam bundle import`). On the side that creates it, add this rule to `select`: { stream: released, versions: "3.6.9" }.',
  );
  expect(hint({ versions: "3.6.5" }, offline)).toMatch(
    /^Upstream listed no 3\.6\.5 .*amd64, s390x\)\. Choose another version\.$/,
  );
});
