import { expect, test } from "vitest";
import { paceSources } from "../../../src/cache/pace-sources.ts";
import { nextTurnMs } from "../../../src/mirror/next-turn.ts";
import type { Upstream } from "../../../src/upstream/source.ts";

const now = new Date("2026-01-01T12:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const PACES = [
  { name: "a", refreshMs: 300_000 },
  { name: "b", refreshMs: 3_600_000 },
];
const reachOf = (...seconds: readonly (number | undefined)[]) => ({
  refreshedAt: now.toISOString(),
  upstreams: seconds.flatMap((one, at) =>
    one === undefined ? [] : [{ name: PACES[at]?.name ?? "", refreshedAt: ago(one) }],
  ),
});

test.for([
  ["nothing is known", undefined, 300_000],
  ["both were asked just now", reachOf(0, 0), 300_000],
  ["the second one is due first", reachOf(10, 3590), 10_000],
  ["the second one was not needed in this turn", reachOf(0, 9_000), 300_000],
  ["the second one was never needed", reachOf(60), 240_000],
  ["all are overdue, because the turn could not be noted", reachOf(9_000, 9_000), 300_000],
  ["the clock was put back by a day", reachOf(-86_400, 0), 3_600_000],
] as const)("the next turn when %s", ([, reach, waitMs]) => {
  expect(nextTurnMs(reach, PACES, now)).toBe(waitMs);
});

const refuse = () => Promise.reject(new Error("not used"));

/** An upstream that notes what it is asked for. */
function sourceOf(name: string, asked: string[]): Upstream {
  return {
    name,
    url: `http://${name}/`,
    verifies: false,
    trustedKeys: async () => [],
    checkDocument: refuse,
    fetchItem: refuse,
    async readDocument(path) {
      asked.push(`${name} ${path}`);
      return { kind: "not-found", url: path };
    },
  };
}

const { signal } = new AbortController();

test("an upstream whose time has not come answers what is known without a request", async () => {
  const asked: string[] = [];
  const given = [sourceOf("a", asked), sourceOf("b", asked)];
  const paced = paceSources(given, { paces: PACES, reach: reachOf(300, 60), now });
  const [a, b] = paced.sources as [Upstream, Upstream];
  await a.readDocument("index", {}, signal);
  expect(await b.readDocument("index", {}, signal)).toEqual({ kind: "not-modified" });
  expect(asked).toEqual(["a index"]);
  expect(paced.rested()).toEqual(new Set(["b"]));
  // What was never read of it is asked for, and from then on everything.
  await b.readDocument("products", undefined, signal);
  await b.readDocument("index", {}, signal);
  expect(asked).toEqual(["a index", "b products", "b index"]);
  expect(paced.rested()).toEqual(new Set());
});

test("one that could not be reached fails again in the same way until its time has come", async () => {
  const asked: string[] = [];
  const away = { since: ago(600), code: "JAM_UPSTREAM_TIMEOUT", message: "silent" } as const;
  const reach = { refreshedAt: ago(0), upstreams: [{ name: "a", refreshedAt: ago(60), away }] };
  const read = (at: Date) =>
    paceSources([sourceOf("a", asked)], { paces: PACES, reach, now: at }).sources[0]?.readDocument(
      "index",
      {},
      signal,
    );
  await expect(read(now)).rejects.toMatchObject({ code: "JAM_UPSTREAM_TIMEOUT", message: "silent" });
  expect(asked).toEqual([]);
  await read(new Date(now.getTime() + 240_000));
  expect(asked).toEqual(["a index"]);
});

test("without paces every upstream is asked", async () => {
  const given = [sourceOf("a", [])];
  expect(paceSources(given, { paces: [], reach: reachOf(0), now }).sources).toEqual(given);
});
