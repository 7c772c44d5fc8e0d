import { expect, test } from "vitest";
import { buildCatalogue } from "../../src/juju/catalogue.ts";
import { parseSha256, type Sha256 } from "../../src/shared/sha256.ts";
import { anItem, DEVEL_AGENTS, productFiles, RELEASED_AGENTS } from "../helpers/agents.ts";

/** As many items as a document may hold: more than a call takes as arguments. */
const MANY = 200_000;
const hash = (index: number) => parseSha256(index.toString(16).padStart(64, "0")) as Sha256;
const items = (count: number, change: (index: number) => Parameters<typeof anItem>[0]) =>
  Array.from({ length: count }, (_, index) => anItem({ itemName: `i${index}`, ...change(index) }));

test("200 000 items that contradict each other are refused one by one", () => {
  const files = productFiles({
    [RELEASED_AGENTS]: items(MANY, (index) => ({ path: "agent/x.tgz", sha256: hash(index) })),
  });
  const { agents, refused } = buildCatalogue(files);
  expect([agents.length, refused.length]).toEqual([0, MANY]);
});

test("200 000 listings of one agent that another stream gives another content are refused one by one", () => {
  const files = productFiles({
    [RELEASED_AGENTS]: items(MANY, (index) => ({ path: `agent/${index}/x.tgz`, sha256: hash(1) })),
    [DEVEL_AGENTS]: items(MANY, (index) => ({ path: `agent/d${index}/x.tgz`, sha256: hash(2) })),
  });
  const { agents, refused } = buildCatalogue(files);
  expect([agents.length, refused.length]).toEqual([1, MANY]);
});
