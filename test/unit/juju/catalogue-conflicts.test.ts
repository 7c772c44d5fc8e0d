import { expect, test } from "vitest";
import { formatAgentName } from "../../../src/juju/agent.ts";
import { buildCatalogue, type Catalogue } from "../../../src/juju/catalogue.ts";
import { PathSpace } from "../../../src/juju/path-space.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { anItem, DEVEL_AGENTS, productFiles, RELEASED_AGENTS } from "../../helpers/agents.ts";

type Changes = Parameters<typeof anItem>[0];

/** Both items in different files, and a third one that has nothing to do with them. */
function catalogueOf(one: Changes, two: Changes): Catalogue {
  return buildCatalogue(
    productFiles({
      [RELEASED_AGENTS]: [anItem({ version: "3.6.1", ...one }), anItem({ version: "3.6.3" })],
      [DEVEL_AGENTS]: [anItem({ version: "3.6.2", ...two })],
    }),
  );
}

const names = ({ agents }: Catalogue) => agents.map(formatAgentName);
const GOOD = anItem({ version: "3.6.1" });

test.for<[name: string, one: Changes, two: Changes, message: string]>([
  ["one path, two hashes", { path: "agent/x.tgz" }, { path: "agent/x.tgz" }, "is listed with two contents"],
  [
    "one hash, two sizes",
    { sha256: sha256Of("x"), size: 1 },
    { sha256: sha256Of("x"), size: 2 },
    "two sizes",
  ],
  [
    "a file where a folder is needed",
    { path: "agent/x" },
    { path: "agent/x/y.tgz" },
    "as a file and as a folder",
  ],
  [
    "two names of one file",
    { path: "x/a.tgz" },
    { path: "x/A.tgz" },
    "are the same file on a disk that ignores case",
  ],
  [
    "two names of one folder",
    { path: "x/a.tgz" },
    { path: "X/b.tgz" },
    "are the same folder on a disk that ignores case",
  ],
])("refuses both sides where nobody can tell which is right: %s", ([, one, two, message]) => {
  const catalogue = catalogueOf(one, two);
  expect(names(catalogue)).toEqual(["3.6.3-ubuntu-amd64"]);
  expect(catalogue.refused.map(({ contentId }) => contentId).sort()).toEqual([DEVEL_AGENTS, RELEASED_AGENTS]);
  for (const { error } of catalogue.refused) {
    expect(error).toMatchObject({ code: "JAM_METADATA_CONFLICT", message: expect.stringContaining(message) });
    expect(error.message).toContain("3.6.1-ubuntu-amd64");
    expect(error.message).toContain("3.6.2-ubuntu-amd64");
  }
});

test.for<[name: string, odd: Changes]>([
  ["has the path of another agent", { path: GOOD.path }],
  [
    "has the hash of another agent, and another size and path",
    { path: "x.tgz", sha256: GOOD.sha256, size: 1 },
  ],
  ["takes everybody's folder for a file", { path: "agent" }],
  ["takes one version's folder for a file", { path: "agent/3.6.1" }],
  ["takes a file for its folder", { path: `${GOOD.path}/juju-3.6.2-linux-amd64.tgz` }],
  ["differs from another agent's path in case only", { path: GOOD.path.toUpperCase() }],
  ["writes everybody's folder in another case", { path: "Agent/3.6.2/juju-3.6.2-linux-amd64.tgz" }],
])("refuses by itself an item that %s", ([, odd]) => {
  const catalogue = catalogueOf({}, odd);
  expect(names(catalogue)).toEqual(["3.6.1-ubuntu-amd64", "3.6.3-ubuntu-amd64"]);
  expect(catalogue.refused).toMatchObject([
    {
      contentId: DEVEL_AGENTS,
      where: expect.stringContaining("3.6.2-ubuntu-amd64"),
      error: { code: "JAM_METADATA_CONFLICT", message: expect.stringContaining("3.6.1-ubuntu-amd64") },
    },
  ]);
});

test("keeps a folder of several agents with names of their own against one that takes it for a file", () => {
  const items = ["3.6.1", "3.6.2"].map((version) => anItem({ version, path: `own/folder/${version}` }));
  const odd = anItem({ version: "3.6.3", path: "own" });
  const catalogue = buildCatalogue(productFiles({ [RELEASED_AGENTS]: [odd, ...items] }));
  expect(names(catalogue)).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
});

test("an item that is odd in one place takes nobody with it in another", () => {
  const odd = anItem({ version: "3.6.2", path: "agent", sha256: GOOD.sha256, size: GOOD.size + 1 });
  const catalogue = buildCatalogue(productFiles({ [RELEASED_AGENTS]: [odd, GOOD] }));
  expect(names(catalogue)).toEqual(["3.6.1-ubuntu-amd64"]);
});

test.for<[path: string, clash: string | undefined]>([
  ["a/b/c.tgz", undefined],
  ["a/d.tgz", undefined],
  ["a/b/C.tgz", "a/b/c.tgz"],
  ["a", "a/b/c.tgz"],
  ["A/x", "a/b/c.tgz"],
  ["a/b/c.tgz/d", "a/b/c.tgz"],
])("a tree with a/b/c.tgz and %s has a clash: %s", ([path, clash]) => {
  expect(new PathSpace(["a/b/c.tgz"]).take(path)).toBe(clash);
});
