import { describe, expect, test } from "vitest";
import { formatAgentName, type Agent } from "../../../src/juju/agent.ts";
import type { Allowance } from "../../../src/metadata/freshness.ts";
import { guardCatalogue, needsHistory } from "../../../src/metadata/guard.ts";
import type { ListedBefore } from "../../../src/mirror/listed-before.ts";
import { mirrored } from "../sync/agents.ts";

const list = (count: number): Agent[] =>
  Array.from({ length: count }, (_, patch) => mirrored(`3.6.${patch}`));

interface Case {
  readonly upstream: readonly Agent[];
  readonly listed: readonly Agent[];
  readonly before?: readonly ListedBefore[];
  readonly allow?: Allowance;
  readonly maxRemoval?: number;
}

const guard = ({ upstream, listed, before = [], allow, maxRemoval = 0.4 }: Case) =>
  guardCatalogue({
    upstream,
    listed,
    before,
    isRead: () => true,
    maxRemoval,
    allow: new Set(allow === undefined ? [] : [allow]),
  });

const listedBefore = ({ path, sha256, size }: Agent, agent: string): ListedBefore => ({
  agent,
  path,
  sha256,
  size,
  listedAt: "2026-01-01T00:00:00.000Z",
});

const asks = (upstream: Agent, listed: Agent) =>
  needsHistory({ upstream: [upstream], listed: [listed], allow: new Set() });

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

  test("are refused for an agent whose path is held with its bytes and whose name is held with others", () => {
    const other = mirrored("3.6.2");
    const taken = { ...held, path: other.path, sha256: other.sha256 };
    const { agents, refused } = guard({ upstream: [taken, other], listed: [held, other] });
    expect(agents).toEqual([held, other]);
    expect(refused).toMatchObject([{ agent: taken, held, listed: held }]);
  });

  test("are taken where the operator says so", () => {
    expect(guard({ upstream: [changed], listed: [held], allow: "path-reuse" }).agents).toEqual([changed]);
  });
});

describe("a path or name that had other bytes when it was listed before", () => {
  const held = mirrored("3.6.1");
  const gone = mirrored("3.6.2", "withdrawn bytes");
  const before = [listedBefore(gone, formatAgentName(gone))];

  test("is refused for a held agent that moves to the path", () => {
    const moved = { ...held, path: gone.path };
    const { agents, refused } = guard({ upstream: [moved], listed: [held], before });
    expect(agents).toEqual([held]);
    expect(refused).toMatchObject([{ agent: moved, held: before[0], listedAt: before[0]?.listedAt }]);
  });

  test("is refused for an agent of that name under a held path with the held bytes", () => {
    const taken = { ...gone, path: held.path, sha256: held.sha256 };
    const { agents, refused } = guard({ upstream: [held, taken], listed: [held], before });
    expect(agents).toEqual([held]);
    expect(refused).toMatchObject([{ agent: taken, held: before[0] }]);
  });

  test("does not count for a path and a name that are held: those bytes were accepted later", () => {
    const old = [listedBefore({ ...held, sha256: gone.sha256 }, formatAgentName(held))];
    expect(guard({ upstream: [held], listed: [held], before: old })).toEqual({ agents: [held], refused: [] });
  });

  test("is asked for only where a path or a name is not held", () => {
    expect(asks(held, held)).toBe(false);
    expect(asks({ ...held, path: gone.path }, held)).toBe(true);
    expect(asks({ ...gone, path: held.path }, held)).toBe(true);
    expect(asks(gone, held)).toBe(true);
  });
});
