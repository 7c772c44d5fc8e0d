import { describe, expect, test } from "vitest";
import { z } from "zod";
import { stateDocument, stateDocuments, type DamagePolicy } from "../../../src/mirror/state-document.ts";
import { documentsOf } from "../../helpers/memory-documents.ts";

const noteWith = (damage: DamagePolicy<{ words: string[] }>) =>
  stateDocument({
    name: "words.json",
    format: "words:2",
    schema: z.object({ words: z.array(z.string()) }),
    damage,
  });

const DAMAGED = [
  ["cut off", '{"format": "words:2", "wor'],
  ["empty", ""],
  ["null", "null"],
  ["a list", "[1]"],
  ["of another shape", '{"format": "words:2", "words": [1]}'],
  ["of another version", '{"format": "words:1", "words": ["a"]}'],
  ["without a format", '{"words": ["a"]}'],
] as const;

describe("a note", () => {
  test("reads what it wrote, and is gone when it was deleted", async () => {
    const { documents, texts } = documentsOf();
    const note = noteWith("absent");
    await note.write(documents, { words: ["a", "b"] });
    expect(texts.get("words.json")).toMatch(/^\{\n "format": "words:2",\n/);
    expect(await note.read(documents)).toEqual({ words: ["a", "b"] });
    await note.delete(documents);
    expect(await note.read(documents)).toBeUndefined();
  });

  test.for(DAMAGED)(
    "that is %s counts as absent, as a value, or is an error, as its owner says",
    async ([, text]) => {
      const { documents } = documentsOf({ "words.json": text });
      expect(await noteWith("absent").read(documents)).toBeUndefined();
      expect(await noteWith({ countsAs: { words: ["kept"] } }).read(documents)).toEqual({ words: ["kept"] });
      const failing = noteWith({ what: "The list of words", hint: "Write it again." });
      await expect(failing.read(documents)).rejects.toMatchObject({
        code: "JAM_STORE_CORRUPT",
        message: "The list of words (state/words.json) cannot be read.",
        hint: "Write it again.",
      });
    },
  );

  test("of an earlier shape is read through its upgrade, and only then", async () => {
    const note = stateDocument({
      name: "words.json",
      format: "words:2",
      schema: z.object({ words: z.array(z.string()) }),
      damage: "absent",
      upgrade: (old) => (Array.isArray(old) ? { format: "words:2", words: old } : old),
    });
    expect(await note.read(documentsOf({ "words.json": '["a"]' }).documents)).toEqual({ words: ["a"] });
    const odd = documentsOf({ "words.json": '{"format": "words:1", "words": ["a"]}' });
    expect(await note.read(odd.documents)).toBeUndefined();
  });
});

test.for<DamagePolicy<{ words: string[] }>>([
  "absent",
  { countsAs: { words: ["kept"] } },
  { what: "The list of words", hint: "Write it again." },
])("a note that a newer jam wrote is refused, whatever damage counts as", async (damage) => {
  const { documents } = documentsOf({ "words.json": '{"format": "words:3", "words": ["a"]}' });
  await expect(noteWith(damage).read(documents)).rejects.toMatchObject({
    code: "JAM_STORE_FORMAT",
    message: "state/words.json has the format words:3; this jam reads words:2.",
  });
});

test("notes of one kind are told apart by their keys, and from notes of other kinds", async () => {
  const { documents } = documentsOf({ "site.json": "{}", "sites-x.json": "{}", "site-.json": "{}" });
  const sites = stateDocuments({
    prefix: "site-",
    format: "site:1",
    schema: z.object({ at: z.number() }),
    damage: "absent",
  });
  for (const key of ["plant-7", "a.json", "site-2"]) await sites.of(key).write(documents, { at: key.length });
  expect(await sites.keys(documents)).toEqual(["a.json", "plant-7", "site-2"]);
  expect(await sites.of("plant-7").read(documents)).toEqual({ at: 7 });
  expect(await sites.of("plant").read(documents)).toBeUndefined();
});
