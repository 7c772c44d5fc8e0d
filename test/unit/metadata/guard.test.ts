import { describe, expect, test } from "vitest";
import type { Agent } from "../../../src/juju/agent.ts";
import type { Allowance } from "../../../src/metadata/freshness.ts";
import { guardCatalogue } from "../../../src/metadata/guard.ts";
import { mirrored } from "../sync/agents.ts";

const list = (count: number): Agent[] =>
  Array.from({ length: count }, (_, patch) => mirrored(`3.6.${patch}`));

interface Case {
  readonly upstream: readonly Agent[];
  readonly listed: readonly Agent[];
  readonly allow?: Allowance;
  readonly maxRemoval?: number;
}

const guard = ({ upstream, listed, allow, maxRemoval = 0.4 }: Case) =>
  guardCatalogue({
    upstream,
    listed,
    isRead: () => true,
    maxRemoval,
    allow: new Set(allow === undefined ? [] : [allow]),
  });

describe("what vanished upstream", () => {
  test.for([
    [10, 6, true],
    [10, 5, false],
    [5, 3, true],
    [4, 1, true],
    [4, 0, false],
    [1, 0, false],
    [0, 0, true],
  ] as const)("of %i agents %i are left: let pass %s", ([before, after, passes]) => {
    const run = () => guard({ upstream: list(after), listed: list(before) });
    if (passes) expect(run().agents).toHaveLength(after);
    else expect(run).toThrow(expect.objectContaining({ code: "JAM_METADATA_MASS_REMOVAL" }));
  });

  test("may all go where the operator says so, once or for good", () => {
    expect(guard({ upstream: [], listed: list(9), allow: "mass-removal" }).agents).toEqual([]);
    expect(guard({ upstream: [], listed: list(9), maxRemoval: 1 }).agents).toEqual([]);
  });
});

describe("other bytes under a known name", () => {
  const held = mirrored("3.6.1");
  const changed = mirrored("3.6.1", "other bytes");

  test("are refused, and the held ones stay", () => {
    const { agents, refused } = guard({ upstream: [changed], listed: [held] });
    expect(agents).toEqual([held]);
    expect(refused).toMatchObject([{ agent: changed, error: { code: "JAM_METADATA_PATH_REUSED" } }]);
  });

  test("are refused under another path of the same agent too", () => {
    const moved = { ...changed, path: "agent/elsewhere.tgz" };
    expect(guard({ upstream: [moved], listed: [held] }).agents).toEqual([held]);
  });

  test("are refused for another agent that takes the path over", () => {
    const other = { ...mirrored("3.6.2"), path: held.path };
    const { agents, refused } = guard({ upstream: [held, other], listed: [held] });
    expect(agents).toEqual([held]);
    expect(refused).toHaveLength(1);
  });

  test("are taken where the operator says so", () => {
    expect(guard({ upstream: [changed], listed: [held], allow: "path-reuse" }).agents).toEqual([changed]);
  });
});
