import type { Random } from "../../helpers/random.ts";

/**
 * A JSON document as a tree that can be printed in ways in which no value can: keys twice, numbers in odd spellings,
 * text that is not JSON.
 */
export type Tree =
  | { readonly kind: "object"; readonly entries: [key: string, value: Tree][] }
  | { readonly kind: "array"; readonly items: Tree[] }
  /** Stands in the text as it is. */
  | { readonly kind: "raw"; readonly text: string };

/** The tree of a JSON value. */
export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: "array", items: value.map(treeOf) };
  if (typeof value !== "object" || value === null)
    return { kind: "raw", text: JSON.stringify(value) ?? "null" };
  return { kind: "object", entries: Object.entries(value).map(([key, one]) => [key, treeOf(one)]) };
}

/** How a tree is printed. */
export interface Style {
  readonly indent: string;
  /** Whether keys are written in escapes. */
  readonly escapesKeys: boolean;
  /** Where printing ends, wherever that is: wide mutants of wide mutants have no end. */
  readonly maxCharacters: number;
}

/** The text of a tree. Works through a list, not through calls: a mutant may be nested a hundred thousand deep. */
export function printTree(tree: Tree, { indent, escapesKeys, maxCharacters }: Style): string {
  const parts: string[] = [];
  const todo: (string | { readonly tree: Tree; readonly depth: number })[] = [{ tree, depth: 0 }];
  const line = (depth: number) => (indent === "" ? "" : `\n${indent.repeat(Math.min(depth, 20))}`);
  for (let left = maxCharacters; left > 0 && todo.length > 0;) {
    const next = todo.pop() as (typeof todo)[number];
    const text = typeof next === "string" ? next : textOf(next.tree);
    parts.push(text);
    left -= text.length;
    if (typeof next === "string" || next.tree.kind === "raw") continue;
    const { depth } = next;
    todo.push(`${line(depth)}${next.tree.kind === "array" ? "]" : "}"}`);
    for (const [index, { key, value }] of [...childrenOf(next.tree).entries()].reverse()) {
      todo.push({ tree: value, depth: depth + 1 });
      const name = key === undefined ? "" : `${quote(key, escapesKeys)}:`;
      todo.push(`${index === 0 ? "" : ","}${line(depth + 1)}${name}`);
    }
  }
  return parts.join("");
}

/** How it begins. */
function textOf(tree: Tree): string {
  if (tree.kind === "raw") return tree.text;
  return tree.kind === "array" ? "[" : "{";
}

function childrenOf(tree: Exclude<Tree, { kind: "raw" }>): { key: string | undefined; value: Tree }[] {
  return tree.kind === "array"
    ? tree.items.map((value) => ({ key: undefined, value }))
    : tree.entries.map(([key, value]) => ({ key, value }));
}

function quote(key: string, escapes: boolean): string {
  if (!escapes) return JSON.stringify(key);
  const units = key.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${units.join("")}"`;
}

/** Spellings of values that stand in no sound document. */
const ODD_TEXTS: readonly string[] = [
  "null",
  "true",
  "0",
  "-0",
  "-1",
  "1.5",
  "1e999",
  "-1e400",
  "9007199254740993",
  "1e-400",
  "00",
  "+1",
  "0x10",
  "NaN",
  "Infinity",
  "9".repeat(400),
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u202e"',
  '"\\u001b[2J"',
  '"\\r\\n"',
  '"../../etc/passwd"',
  '"/x"',
  '"__proto__"',
  '"3.6.5"',
  '"2026-02-30T00:00:00Z"',
  '"9999-12-31T23:59:59Z"',
  '"\u{feff}"',
  '"\u{2028}"',
  "[]",
  "{}",
  "[[]]",
  '{"__proto__":{"x":1}}',
  "'x'",
  "/**/1",
  "",
];

const ODD_KEYS: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "length",
  "",
  " ",
  "0",
  "4294967295",
  "\u{0}",
  "\u{d800}",
  "a/b",
  "a.b",
  "\u{202e}x",
];

/** How large a mutation may make a document, in values or characters. */
export interface Growth {
  readonly most: number;
}

/** The tree with one of its places changed; places are shared, so that a deep or wide mutant costs little. */
export function mutateTree(tree: Tree, random: Random, growth: Growth): Tree {
  const places = placesIn(tree, 2_000);
  const place = random.pick(places);
  return replaceAt(tree, place, (old) => mutateAt(old, random, growth));
}

function mutateAt(old: Tree, random: Random, { most }: Growth): Tree {
  switch (random.below(9)) {
    case 0:
      return { kind: "raw", text: random.pick(ODD_TEXTS) };
    case 1:
      return nest(old, random, 1 + random.below(random.chance(0.2) ? most : 40));
    case 2:
      return widen(old, random, 1 + random.below(random.chance(0.2) ? most : 20));
    case 3:
      return { kind: "raw", text: JSON.stringify(random.pick(ODD_KEYS).repeat(1 + random.below(most))) };
    case 4:
      return old.kind === "raw" ? { kind: "raw", text: old.text.repeat(2) } : rename(old, random);
    case 5:
      return old.kind === "raw" ? { kind: "raw", text: nudge(old.text, random) } : shuffle(old, random);
    default:
      return old.kind === "raw" ? { kind: "raw", text: nudge(old.text, random) } : drop(old, random);
  }
}

function nest(tree: Tree, random: Random, depth: number): Tree {
  const isArray = random.chance(0.5);
  let nested = tree;
  for (let i = 0; i < depth; i++)
    nested = isArray ? { kind: "array", items: [nested] } : { kind: "object", entries: [["a", nested]] };
  return nested;
}

function widen(tree: Tree, random: Random, count: number): Tree {
  const copies = Array.from({ length: count }, () => tree);
  if (tree.kind === "object" && random.chance(0.5)) {
    const isOneKey = random.chance(0.3);
    const [key = "k", value = tree] = tree.entries.length === 0 ? [] : random.pick(tree.entries);
    const more = copies.map((_, index): [string, Tree] => [isOneKey ? key : `${key}${index}`, value]);
    return { kind: "object", entries: [...tree.entries, ...more] };
  }
  if (tree.kind === "array" && tree.items.length > 0) {
    const item = random.pick(tree.items);
    return { kind: "array", items: [...tree.items, ...copies.map(() => item)] };
  }
  return { kind: "array", items: copies };
}

function rename(tree: Exclude<Tree, { kind: "raw" }>, random: Random): Tree {
  if (tree.kind === "array" || tree.entries.length === 0) return drop(tree, random);
  const at = random.below(tree.entries.length);
  const [key, value] = tree.entries[at] as [string, Tree];
  const other = random.pick([...ODD_KEYS, random.pick(tree.entries)[0], nudge(key, random), `${key} `]);
  return { kind: "object", entries: tree.entries.with(at, [other, value]) };
}

function shuffle(tree: Exclude<Tree, { kind: "raw" }>, random: Random): Tree {
  if (tree.kind === "array") return { kind: "array", items: tree.items.toReversed() };
  const at = random.below(tree.entries.length + 1);
  return { kind: "object", entries: [...tree.entries.slice(at), ...tree.entries.slice(0, at)] };
}

function drop(tree: Exclude<Tree, { kind: "raw" }>, random: Random): Tree {
  if (tree.kind === "array") {
    return { kind: "array", items: tree.items.toSpliced(random.below(tree.items.length + 1), 1) };
  }
  return { kind: "object", entries: tree.entries.toSpliced(random.below(tree.entries.length + 1), 1) };
}

/** A text a little off. */
function nudge(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const other = random.pick([
    "0",
    "9",
    "a",
    "A",
    "/",
    ".",
    "-",
    "\u{430}",
    "\u{7f}",
    " ",
    '"',
    "\\",
    "e",
    "@",
    "*",
  ]);
  return text.slice(0, at) + other + text.slice(at + random.below(2));
}

/** Where something stands: the position at each level. */
type Place = readonly number[];

function placesIn(tree: Tree, most: number): Place[] {
  const places: Place[] = [[]];
  const todo: { readonly tree: Tree; readonly place: Place }[] = [{ tree, place: [] }];
  for (const { tree: one, place } of todo) {
    if (one.kind === "raw" || places.length >= most || place.length > 40) continue;
    for (const [index, { value }] of childrenOf(one).entries()) {
      if (places.length >= most) break;
      const there = [...place, index];
      places.push(there);
      todo.push({ tree: value, place: there });
    }
  }
  return places;
}

function replaceAt(tree: Tree, [at, ...rest]: Place, change: (old: Tree) => Tree): Tree {
  if (at === undefined) return change(tree);
  if (tree.kind === "raw") return tree;
  if (tree.kind === "array") {
    const old = tree.items[at];
    return old === undefined ? tree : { ...tree, items: tree.items.with(at, replaceAt(old, rest, change)) };
  }
  const entry = tree.entries[at];
  if (entry === undefined) return tree;
  const [key, old] = entry;
  return { ...tree, entries: tree.entries.with(at, [key, replaceAt(old, rest, change)]) };
}
