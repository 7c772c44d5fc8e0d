import { expect, test } from "vitest";
import { buildCatalogue } from "../../../src/juju/catalogue.ts";
import { selectAgents, compileSelection } from "../../../src/juju/select.ts";
import type { SelectionRules } from "../../../src/juju/select-rule.ts";
import { planSync } from "../../../src/sync/plan.ts";
import { parseSha256, type Sha256 } from "../../../src/shared/sha256.ts";
import { anItem, DEVEL_AGENTS, productFiles, RELEASED_AGENTS } from "../../helpers/agents.ts";

/** See test/long/many-refused.test.ts for as many as a document may hold. */
const MANY = 20_000;
const hash = (index: number) => parseSha256(index.toString(16).padStart(64, "0")) as Sha256;
const path = (index: number) => `agent/${index}/x.tgz`;
const items = (count: number, change: (index: number) => Parameters<typeof anItem>[0]) =>
  Array.from({ length: count }, (_, index) => anItem({ itemName: `i${index}`, ...change(index) }));

test("many items that contradict each other are refused one by one", () => {
  const files = productFiles({
    [RELEASED_AGENTS]: items(MANY, (index) => ({ path: "agent/x.tgz", sha256: hash(index) })),
  });
  const { agents, refused } = buildCatalogue(files);
  expect([agents.length, refused.length]).toEqual([0, MANY]);
});

test("many listings of one agent that another stream gives another content are refused one by one", () => {
  const files = productFiles({
    [RELEASED_AGENTS]: items(MANY / 2, (index) => ({ path: path(index), sha256: hash(1) })),
    [DEVEL_AGENTS]: items(MANY / 2, (index) => ({ path: path(MANY + index), sha256: hash(2) })),
  });
  const { agents, refused } = buildCatalogue(files);
  expect([agents.length, refused.length]).toEqual([1, MANY / 2]);
});

test("one content under many paths is fetched from some of them at most", () => {
  const files = productFiles({
    [RELEASED_AGENTS]: items(20_000, (index) => ({
      version: `3.6.${index}`,
      path: `agent/${index}.tgz`,
      sha256: hash(1),
    })),
  });
  const { agents } = buildCatalogue(files);
  const verdicts = agents.map((agent) => ({ agent, taken: true, denied: false, reason: "all" }));
  const { fetch } = planSync({ verdicts, listed: [], isRead: () => true, isHeld: () => false });
  expect(fetch).toHaveLength(1);
  expect(fetch[0]?.agents).toHaveLength(20_000);
  expect(fetch[0]?.otherPaths).toHaveLength(16);
});

test("says of an agent alone what a selection of it alone would", () => {
  const { agents } = buildCatalogue(
    productFiles({
      [RELEASED_AGENTS]: ["2.9.1", "3.6.0", "3.6.7", "3.6-beta1"].map((version, index) =>
        anItem({ version, itemName: version, path: `agent/${index}.tgz`, sha256: hash(index) }),
      ),
      [DEVEL_AGENTS]: [anItem({ version: "4.0.1", path: "agent/9.tgz", sha256: hash(9) })],
    }),
  );
  const rules: SelectionRules = {
    select: [{ streams: ["released"], versions: ">=3.6", keep: 1 }],
    deny: [{ version: "3.6.7" }],
  };
  const isWanted = compileSelection(rules);
  expect(agents.map(isWanted)).toEqual(agents.map((agent) => selectAgents([agent], rules)[0]?.taken));
});
