import { describe, expect, test } from "vitest";
import {
  GENERATIONS,
  type Generation,
  BOOTSTRAP_GENERATIONS,
  MIGRATION_GENERATIONS,
} from "../../../../src/juju/decisions/generation.ts";
import {
  newest,
  newestCompatible,
  newestReleased,
  type NewestResult,
} from "../../../../src/juju/decisions/newest.ts";
import {
  bootstrapOutcome,
  migrationOutcome,
  upgradeOutcome,
  type BootstrapFields,
  type UpgradeFields,
} from "../../../helpers/questions.ts";
import { preferredStreams } from "../../../../src/juju/decisions/streams.ts";
import { readVersion } from "../../../../src/juju/decisions/version-list.ts";
import { formatVersion } from "../../../../src/juju/version.ts";
import vectors from "../../../fixtures/vectors/select.json" with { type: "json" };

/** The recorded cases are wider than their JSON types say: each question has some of the fields. */
type Case<Question> = Question & { readonly id: number; readonly expected: unknown };
const upgrades = vectors.upgrade as unknown as readonly Case<UpgradeFields>[];
const bootstraps = vectors.bootstrap as unknown as readonly Case<BootstrapFields>[];

describe.for(GENERATIONS)("an upgrade decided by Juju %s", (generation) => {
  const cases = upgrades.filter((one) => one.generation === generation);

  test("is answered as Juju's own code answers it", () => {
    expect(cases.length).toBeGreaterThan(40);
    for (const one of cases) expect(upgradeOutcome(one), `case ${one.id}`).toEqual(one.expected);
  });

  test("is answered the same with a trace", () => {
    for (const one of cases) expect(upgradeOutcome(one, []), `case ${one.id}`).toEqual(one.expected);
  });
});

test.for(BOOTSTRAP_GENERATIONS)("a bootstrap by Juju %s takes what Juju's own code takes", (generation) => {
  const cases = bootstraps.filter((one) => one.generation === generation);
  expect(cases.length).toBeGreaterThan(20);
  for (const one of cases) expect(bootstrapOutcome(one), JSON.stringify(one)).toEqual(one.expected);
});

test.for(MIGRATION_GENERATIONS)(
  "a target controller of Juju %s judges a migration as Juju does",
  (generation) => {
    for (const one of vectors.migrate) {
      expect(migrationOutcome({ ...one, generation }), JSON.stringify(one)).toEqual(one[generation]);
    }
  },
);

const STREAM_COLUMNS = [
  ["1.25", "1.25"],
  ["2.0-2.2", "2.0-2.1"],
  ["2.3-2.7", "2.3"],
  ["2.8", "2.8.10-2.8.13"],
  ["2.9", "2.9.33+"],
  ["3.x", "3.6.23+"],
  ["4.0", "4.0"],
] as const satisfies readonly (readonly [string, Generation])[];

test.for(STREAM_COLUMNS)("Juju %s searches the recorded streams", ([column, generation]) => {
  for (const one of vectors.preferredStreams) {
    const version = readVersion(one.version ?? one.runningVersion);
    const { development, stream } = one;
    expect(preferredStreams(generation, { version, development, stream }), JSON.stringify(one)).toEqual(
      one[column],
    );
  }
});

function asRecorded(result: NewestResult): unknown {
  return { newest: formatVersion(result.newest), found: result.found };
}

test("the newest, newest released and newest compatible versions are those of Juju's own code", () => {
  for (const one of vectors.newestCompatible) {
    const base = readVersion(one.base);
    const list = one.list.map((text) => readVersion(text));
    const max = newest(list);
    expect(
      {
        base: one.base,
        list: one.list,
        max: max === undefined ? "0.0.0" : formatVersion(max),
        "1.25 NewestReleased": asRecorded(newestReleased(list, base)),
        "2.x NewestCompatible": asRecorded(newestCompatible(list, base)),
        "3.x+ NewestCompatible allowDev=false": asRecorded(newestCompatible(list, base, false)),
        "3.x+ NewestCompatible allowDev=true": asRecorded(newestCompatible(list, base, true)),
      },
      JSON.stringify(one),
    ).toEqual(one);
  }
});
