import { expect, test } from "vitest";
import { firstTreeId, mayHaveEarlier, nextTreeId, snapshotIdOf } from "../../../src/mirror/snapshot.ts";
import { MIRROR_REF, parseRefName } from "../../../src/shared/ref-name.ts";

const SNAPSHOT = "20261123T204800Z-1a2b3c4d";
const REFS = [MIRROR_REF, ...["stable", "2", "3.6"].map(parseRefName)];

test("the mirror's first tree has its snapshot's own name, as data directories have had it", () => {
  expect(firstTreeId(SNAPSHOT, MIRROR_REF)).toBe(SNAPSHOT);
  expect(nextTreeId(SNAPSHOT, MIRROR_REF)).toBe(`${SNAPSHOT}~2`);
  expect(nextTreeId(`${SNAPSHOT}~9`, MIRROR_REF)).toBe(`${SNAPSHOT}~10`);
  expect(nextTreeId(`${SNAPSHOT}~10`, MIRROR_REF)).toBe(`${SNAPSHOT}~12`);
});

test("no two trees of one snapshot share an id, whatever the refs are called", () => {
  const ids = REFS.flatMap((ref) => {
    const first = firstTreeId(SNAPSHOT, ref);
    const second = nextTreeId(first, ref);
    const third = nextTreeId(second, ref, true);
    return [first, second, third, nextTreeId(third, ref), nextTreeId(third, ref, true)];
  });
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.map(snapshotIdOf)).toEqual(ids.map(() => SNAPSHOT));
});

test("a ref that showed another ref's tree gets one of its own when that is built again", () => {
  const [, stable] = REFS as [typeof MIRROR_REF, typeof MIRROR_REF];
  const own = nextTreeId(SNAPSHOT, stable);
  expect(own).toBe(`${SNAPSHOT}~stable~2`);
  expect(mayHaveEarlier(own)).toBe(false);
});

test("the id tells whether a tree may contain what clients of earlier snapshots need", () => {
  for (const ref of REFS) {
    const first = firstTreeId(SNAPSHOT, ref);
    const again = nextTreeId(first, ref, true);
    const alone = nextTreeId(again, ref);
    expect([first, again, alone, nextTreeId(alone, ref, true)].map(mayHaveEarlier)).toEqual([
      true,
      true,
      false,
      true,
    ]);
  }
});
