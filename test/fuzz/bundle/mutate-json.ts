import type { Random } from "../../helpers/random.ts";

/** Values that stand in no sound document. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  "x",
  "../x",
  "/etc/passwd",
  "streams/v1/index2.json",
  "\0",
  "\u{1b}[2J",
  "\u{202e}",
  "\u{ff}".repeat(300),
  "0".repeat(64),
  "g".repeat(64),
  "2026-02-30T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "jam-bundle:2",
  "20261127T000000Z-000000000000",
  "mirror",
  "selection",
  [],
  {},
  [[]],
  [null],
  { path: "x" },
];

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

/** A copy of `value` with one to three of its places changed. */
export function mutateJson<T>(value: T, random: Random): T {
  const copy = structuredClone(value);
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left -= 1) mutateOnce(copy, random);
  return copy;
}

function mutateOnce(value: unknown, random: Random): void {
  const places = placesIn(value);
  if (places.length === 0) return;
  const { holder, key } = random.pick(places);
  const target = holder as Record<string | number, unknown>;
  const old = target[key];
  switch (random.below(8)) {
    case 0:
      target[key] = random.pick(ODD_VALUES);
      return;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete target[key];
      return;
    case 2:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(old));
      else target[random.pick(["extra", "id", "path", "size", "sha256", `${key} `])] = structuredClone(old);
      return;
    case 3: {
      const other = random.pick(places);
      const there = other.holder as Record<string | number, unknown>;
      target[key] = structuredClone(there[other.key]);
      return;
    }
    case 4:
      if (Array.isArray(old)) old.reverse();
      else target[key] = nudge(old, random);
      return;
    default:
      target[key] = nudge(old, random);
  }
}

/** A value of the same kind, a little off. */
function nudge(value: unknown, random: Random): unknown {
  if (typeof value === "number") return value + random.pick([1, -1, 512, -512, 0.5]);
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string" || value === "") return random.pick(ODD_VALUES);
  const at = random.below(value.length);
  const other = random.pick(["0", "a", "A", "/", ".", "-", "\u{430}", "\u{7f}", " "]);
  return value.slice(0, at) + other + value.slice(at + random.below(2));
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown> | unknown[];
  const keys = Array.isArray(holder) ? holder.keys() : Object.keys(holder);
  return [...keys].flatMap((key) => [
    { holder, key },
    ...placesIn((holder as Record<string | number, unknown>)[key]),
  ]);
}
