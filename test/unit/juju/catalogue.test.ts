import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { formatAgentName } from "../../../src/juju/agent.ts";
import { buildCatalogue } from "../../../src/juju/catalogue.ts";
import { PathSpace } from "../../../src/juju/path-space.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import {
  anItem,
  DEVEL_AGENTS,
  productFiles,
  PROPOSED_AGENTS,
  RELEASED_AGENTS,
  RELEASED_TOOLS,
} from "../../helpers/agents.ts";

function names(catalogue: ReturnType<typeof buildCatalogue>): string[] {
  return catalogue.agents.map(formatAgentName);
}

test("joins the listings of one agent across streams, the most stable first", () => {
  const item = anItem();
  const { agents, refused } = buildCatalogue(
    productFiles({ [DEVEL_AGENTS]: [item], [PROPOSED_AGENTS]: [item], [RELEASED_AGENTS]: [item] }),
  );
  expect(refused).toEqual([]);
  expect(agents).toEqual([
    {
      version: "3.6.5",
      release: "ubuntu",
      arch: "amd64",
      path: item.path,
      size: item.size,
      sha256: item.sha256,
      listings: [RELEASED_AGENTS, PROPOSED_AGENTS, DEVEL_AGENTS].map((contentId) => ({
        contentId,
        productId: "com.ubuntu.juju:ubuntu:amd64",
        date: "20250410",
      })),
    },
  ]);
});

test("makes one agent of every series that shares a tarball", () => {
  const items = ["focal", "bionic", "xenial"].map((release) => anItem({ version: "2.8.13", release }));
  const { agents } = buildCatalogue(productFiles({ [RELEASED_TOOLS]: items }));
  expect(agents.map(formatAgentName)).toEqual([
    "2.8.13-bionic-amd64",
    "2.8.13-focal-amd64",
    "2.8.13-xenial-amd64",
  ]);
  expect(new Set(agents.map(({ sha256 }) => sha256)).size).toBe(1);
});

test("orders agents by Juju's version order, then by release and arch", () => {
  const items = ["3.6.10", "3.6.9", "3.6-rc1", "3.6-beta20", "2.9.42.1", "2.9.42"].map((version) =>
    anItem({ version }),
  );
  items.push(anItem({ version: "3.6.9", arch: "arm64" }), anItem({ version: "3.6.9", release: "centos" }));
  expect(names(buildCatalogue(productFiles({ [RELEASED_AGENTS]: items })))).toEqual([
    "2.9.42-ubuntu-amd64",
    "2.9.42.1-ubuntu-amd64",
    "3.6-beta20-ubuntu-amd64",
    "3.6-rc1-ubuntu-amd64",
    "3.6.9-centos-amd64",
    "3.6.9-ubuntu-amd64",
    "3.6.9-ubuntu-arm64",
    "3.6.10-ubuntu-amd64",
  ]);
});

test("prints versions as Juju does, so that one agent has one name", () => {
  const items = [anItem({ version: "03.6.05" }), anItem({ version: "3.6.5.0", date: "20250101" })];
  const same = items.map((item) => ({ ...item, sha256: sha256Of("same"), path: "agent/same.tgz" }));
  expect(names(buildCatalogue(productFiles({ [RELEASED_AGENTS]: same })))).toEqual(["3.6.5-ubuntu-amd64"]);
});

describe("refuses an item that would harm Juju's clients", () => {
  test.for<[changes: Parameters<typeof anItem>[0], message: string]>([
    [{ version: "3.6" }, 'version "3.6" is not a Juju version'],
    [{ version: "v3.6.5" }, 'version "v3.6.5" is not a Juju version'],
    [{ version: "3.6.5-rc1" }, 'version "3.6.5-rc1" is not a Juju version'],
    [{ version: "3.6-RC1" }, 'version "3.6-RC1" is not a Juju version'],
    [{ version: "latest" }, 'version "latest" is not a Juju version'],
    [{ version: "9999999999.0.0" }, "is not a Juju version"],
    [{ release: "ubuntu-core" }, 'release "ubuntu-core" is not valid in an agent\'s name'],
    [{ release: "Ubuntu" }, 'release "Ubuntu" is not valid'],
    [{ arch: "x86-64" }, 'arch "x86-64" is not valid in an agent\'s name'],
    [{ arch: "AMD64" }, 'arch "AMD64" is not valid'],
  ])("%j", ([changes, message]) => {
    const items = [
      anItem({ ...changes, path: "agent/bad.tgz", sha256: sha256Of("bad") }),
      anItem({ version: "3.6.4" }),
    ];
    const catalogue = buildCatalogue(productFiles({ [RELEASED_AGENTS]: items }));
    expect(names(catalogue)).toEqual(["3.6.4-ubuntu-amd64"]);
    expect(catalogue.refused).toMatchObject([
      {
        contentId: RELEASED_AGENTS,
        where: expect.stringMatching(/^products\/com\.ubuntu\.juju:.*\/versions\/20250410\/items\//),
        error: { code: "JAM_ITEM_REFUSED", message: expect.stringContaining(message) },
      },
    ]);
  });
});

describe("streams that disagree about one agent", () => {
  const other = { sha256: sha256Of("other"), path: "agent/other.tgz" };

  test("leave the most stable one's, and the other is reported with both places", () => {
    const catalogue = buildCatalogue(
      productFiles({
        [DEVEL_AGENTS]: [anItem(other)],
        [PROPOSED_AGENTS]: [anItem()],
        [RELEASED_AGENTS]: [anItem()],
      }),
    );
    expect(catalogue.agents).toMatchObject([{ sha256: anItem().sha256 }]);
    expect(catalogue.agents[0]!.listings.map(({ contentId }) => contentId)).toEqual([
      RELEASED_AGENTS,
      PROPOSED_AGENTS,
    ]);
    expect(catalogue.refused).toMatchObject([
      { contentId: DEVEL_AGENTS, error: { code: "JAM_METADATA_CONFLICT" } },
    ]);
    const { message } = catalogue.refused[0]!.error;
    expect(message).toContain(`${RELEASED_AGENTS}#products/`);
    expect(message).toContain(`${DEVEL_AGENTS}#products/`);
  });

  test("agree when only the path differs: the most stable stream's path stands", () => {
    const catalogue = buildCatalogue(
      productFiles({
        [PROPOSED_AGENTS]: [anItem({ path: "proposed/x.tgz" })],
        [RELEASED_AGENTS]: [anItem()],
      }),
    );
    expect(catalogue.refused).toEqual([]);
    expect(catalogue.agents).toMatchObject([{ path: anItem().path, listings: [{}, {}] }]);
  });

  test("count by stability, whatever order they come in, with the operator's own stream last", () => {
    const own = "com.ubuntu.juju:aaa:agents";
    const catalogue = buildCatalogue(productFiles({ [own]: [anItem(other)], [DEVEL_AGENTS]: [anItem()] }));
    expect(catalogue.agents[0]!.sha256).toBe(anItem().sha256);
    expect(catalogue.refused).toMatchObject([{ contentId: own }]);
  });
});

describe("one stream that contradicts itself", () => {
  test("loses an agent that it lists with two contents under one date", () => {
    const two = [anItem(), anItem({ itemName: "again", sha256: sha256Of("other"), path: "agent/other.tgz" })];
    const catalogue = buildCatalogue(
      productFiles({ [RELEASED_AGENTS]: [...two, anItem({ version: "3.6.4" })] }),
    );
    expect(names(catalogue)).toEqual(["3.6.4-ubuntu-amd64"]);
    expect(catalogue.refused.map(({ error }) => error.code)).toEqual([
      "JAM_METADATA_CONFLICT",
      "JAM_METADATA_CONFLICT",
    ]);
  });

  test("leaves such an agent to the next stream that has it", () => {
    const two = [anItem(), anItem({ itemName: "again", sha256: sha256Of("other"), path: "agent/other.tgz" })];
    const catalogue = buildCatalogue(productFiles({ [RELEASED_AGENTS]: two, [PROPOSED_AGENTS]: [anItem()] }));
    expect(catalogue.agents).toMatchObject([{ listings: [{ contentId: PROPOSED_AGENTS }] }]);
  });
});

const anyItems = fc.array(
  fc
    .record({
      version: fc.constantFrom("3.6.1", "3.6.2", "3.6-beta1", "bad"),
      arch: fc.constantFrom("amd64", "arm64"),
      date: fc.constantFrom("20250101", "20250202"),
      path: fc.constantFrom(
        "a",
        "a/b",
        "a/e",
        "A/e",
        "c",
        "d",
        "D",
        "agent/3.6.1/juju-3.6.1-linux-amd64.tgz",
      ),
      size: fc.constantFrom(1, 2),
      sha256: fc.constantFrom(sha256Of("1"), sha256Of("2"), sha256Of("3")),
    })
    .map(anItem),
  { maxLength: 8 },
);

property.prop([anyItems, anyItems])(
  "never holds a contradiction, and accounts for every item",
  (released, devel) => {
    const { agents, refused } = buildCatalogue(
      productFiles({ [DEVEL_AGENTS]: devel, [RELEASED_AGENTS]: released }),
    );
    expect(new Set(agents.map(formatAgentName)).size).toBe(agents.length);
    for (const [field, other] of [
      ["path", "sha256"],
      ["sha256", "size"],
    ] as const) {
      expect(new Set(agents.map((agent) => agent[field])).size).toBe(
        new Set(agents.map((agent) => `${agent[field]} ${agent[other]}`)).size,
      );
    }
    const space = new PathSpace();
    expect(agents.flatMap(({ path }) => space.take(path) ?? [])).toEqual([]);
    const listed = agents.flatMap(({ listings }) => listings).length;
    expect(listed + refused.length).toBeLessThanOrEqual(released.length + devel.length);
    expect(agents.length + refused.length > 0).toBe(released.length + devel.length > 0);
  },
);

property.prop([anyItems, anyItems])("does not depend on the order of items and files", (released, devel) => {
  const one = buildCatalogue(productFiles({ [DEVEL_AGENTS]: devel, [RELEASED_AGENTS]: released }));
  const two = buildCatalogue(
    productFiles({ [RELEASED_AGENTS]: released.toReversed(), [DEVEL_AGENTS]: devel.toReversed() }),
  );
  expect(two.agents).toEqual(one.agents);
  expect(two.refused).toHaveLength(one.refused.length);
});
