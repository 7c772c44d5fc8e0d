import { expect, test } from "vitest";
import { describeNearAgent, nearArch, nearRelease } from "../../../src/juju/near-agent.ts";
import { readAgentText } from "../../../src/juju/version-text.ts";
import { anAgent } from "../../helpers/agents.ts";

const AGENTS = ["3.6.27-ubuntu-arm64", "3.6.27-ubuntu-amd64", "2.8.13-xenial-amd64"].map((name) =>
  anAgent(name),
);

test.for([
  ["3.6.27-ubunto-arm64", "No release is called ubunto: did you mean 3.6.27-ubuntu-arm64?"],
  ["3.6.27-ubuntu-arm46", "No architecture is called arm46: did you mean 3.6.27-ubuntu-arm64?"],
  [
    "ubunto-amd46",
    "No release is called ubunto. No architecture is called amd46: did you mean ubuntu-amd64?",
  ],
  ["2.8.13-xenail-amd64", "No release is called xenail: did you mean 2.8.13-xenial-amd64?"],
] as const)("%s is a slip", ([text, said]) => {
  expect(describeNearAgent(text, AGENTS)).toBe(said);
  expect(AGENTS.filter(readAgentText(text, AGENTS).isMeant)).toEqual([]);
});

test.for([
  "3.6.27-ubuntu-s390x",
  "3.6.27-genericlinux-amd64",
  "3.6-beta2",
  "4.0-rc1",
  "9.9.9",
  "focal-amd64",
  "3.6/stable",
])("%s is none", (text) => {
  expect(describeNearAgent(text, AGENTS)).toBeUndefined();
});

test("what is far from every name has no suggestion", () => {
  expect(nearRelease("debian", AGENTS)).toBeUndefined();
  expect(nearArch("sparc", AGENTS)).toBeUndefined();
});
