import { expect, test } from "vitest";
import { readSnapshots } from "../../../src/mirror/read-snapshots.ts";
import { JamError } from "../../../src/shared/errors.ts";
import { documentsOf } from "../../helpers/memory-documents.ts";

const snapshot = (id: string, createdAt: string) =>
  JSON.stringify({ format: "jam-snapshot:1", id, createdAt, agents: [] });

test("leaves damaged snapshots out, and orders the others by time", async () => {
  const { documents } = documentsOf({
    "a.json": snapshot("a", "2026-01-02T00:00:00Z"),
    "b.json": snapshot("b", "2026-01-01T00:00:00Z"),
    "cut.json": '{"format": "jam-sna',
    "odd.json": '{"format": "other:2"}',
    "other.json": snapshot("a", "2026-01-03T00:00:00Z"),
  });
  expect((await readSnapshots({ documents })).map(({ id }) => id)).toEqual(["b", "a"]);
});

test.for(["JAM_STORE_IO", "JAM_STORE_PERMISSION"] as const)(
  "fails with %s where a snapshot cannot be read: it must not count as gone",
  async (code) => {
    const { documents } = documentsOf({ "a.json": snapshot("a", "2026-01-02T00:00:00Z"), "b.json": "" });
    const failing = {
      ...documents,
      get: (kind: "snapshots", name: string) =>
        name === "b.json"
          ? Promise.reject(new JamError(code, "no", { hint: "no" }))
          : documents.get(kind, name),
    };
    await expect(readSnapshots({ documents: failing })).rejects.toMatchObject({ code });
  },
);

test("fails where a newer jam wrote one of them: what it lists is not known", async () => {
  const { documents } = documentsOf({
    "a.json": snapshot("a", "2026-01-02T00:00:00Z"),
    "newer.json": '{"format": "jam-snapshot:3"}',
  });
  await expect(readSnapshots({ documents })).rejects.toMatchObject({
    code: "JAM_STORE_FORMAT",
    message: "Snapshot newer has the format jam-snapshot:3; this jam reads jam-snapshot:2.",
  });
});
