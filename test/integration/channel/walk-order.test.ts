/** The random walk tells the order of two commands at the same time by the history of the channel, where contents do not. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { followsHistory, isOfLength } from "../../walk/compare.ts";
import type { ChannelModel, Model, Shown } from "../../walk/model.ts";

const kept = [
  { id: "before", createdAt: "2026-11-01T00:00:00Z", versions: ["1", "2"] },
  { id: "promoted", createdAt: "2026-11-02T00:00:00Z", versions: ["1", "2", "3"] },
  { id: "cut", createdAt: "2026-11-03T00:00:00Z", versions: ["2"] },
  { id: "shown", createdAt: "2026-11-04T00:00:00Z", versions: ["2", "3"] },
];

function modelOf(served: readonly Shown[]): Model {
  const lab: ChannelModel = {
    name: "lab",
    from: "mirror",
    definedIn: "command",
    delayMs: 0,
    isAuto: false,
    stack: served,
    served,
    held: [],
    withdrawn: [],
  };
  return { channels: { lab } } as unknown as Model;
}

const first: Shown = { id: "before", versions: ["1", "2"] };
const last: Shown = { id: undefined, versions: ["2", "3"] };

test.for([
  ["promotion first", ["promoted", "shown"], [true, false]],
  ["withdrawal first", ["cut", "shown"], [false, true]],
] as const)("%s", async ([, shown, expected]) => {
  const folder = await mkdtemp(join(tmpdir(), "jam-walk-"));
  try {
    await mkdir(join(folder, "data/state"), { recursive: true });
    const ids = [null, "before", ...shown];
    const entries = ids.slice(1).map((to, at) => ({ from: ids[at], to }));
    await writeFile(
      join(folder, "data/state/channel-history-lab.json"),
      JSON.stringify({ entries: [...entries, { from: "shown", to: "shown" }] }),
    );
    const models = [
      modelOf([first, { id: "promoted", versions: ["1", "2", "3"] }, last]),
      modelOf([first, { id: undefined, versions: ["2"] }, last]),
    ];
    const found = await Promise.all(
      models.map((model) => followsHistory({ folder }, modelOf([first]), { model, kept })),
    );
    expect(found).toEqual(expected);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a channel that showed something else in between has changed more often than a model says in which it did not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jam-walk-"));
  try {
    await mkdir(join(folder, "data/state"), { recursive: true });
    const ids = [null, "before", "between", "before"];
    const entries = ids.slice(1).map((to, at) => ({ from: ids[at], to }));
    await writeFile(join(folder, "data/state/channel-history-lab.json"), JSON.stringify({ entries }));
    const models = [
      modelOf([first]),
      modelOf([first, { id: "between", versions: ["3"] }, first]),
      modelOf([first, { id: "between", versions: ["3"] }]),
    ];
    const before = { model: modelOf([first]), counts: new Map([["lab", 1]]) };
    expect(await Promise.all(models.map((model) => isOfLength({ folder }, before, model)))).toEqual([
      false,
      true,
      false,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
