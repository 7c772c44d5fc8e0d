import { expect, test } from "vitest";
import { explainNamed } from "../../../src/mirror/explain-agents.ts";
import { anAgent } from "../../helpers/agents.ts";

test("agents are explained in the order of their versions", async () => {
  const upstream = ["3.6.26", "3.6.27", "3.6.5", "3.6-beta2", "3.6.10"].map((one) =>
    anAgent(`${one}-ubuntu-amd64`),
  );
  const { agents } = await explainNamed("3.6", {
    held: [anAgent("3.6.9-ubuntu-amd64")],
    upstream,
    source: "asked",
    rules: { select: [{ streams: ["released"] }], deny: [] },
    advise: () => Promise.resolve(undefined),
  });
  expect(agents.map(({ agent }) => agent.replace("-ubuntu-amd64", ""))).toEqual([
    "3.6-beta2",
    "3.6.5",
    "3.6.9",
    "3.6.10",
    "3.6.26",
    "3.6.27",
  ]);
});
