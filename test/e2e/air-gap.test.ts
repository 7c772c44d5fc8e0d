/** The whole way over the gap, by the commands that operators type. test/judges/air-gap.test.ts: Juju's own code on the far side. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { airGap, type CreatedDocument, type ImportedDocument } from "../helpers/air-gap.ts";
import { buildSampleTree, startUpstream } from "../helpers/upstream.ts";

const OPTIONS = { arches: ["amd64", "arm64"], oses: ["ubuntu"] } as const;
const BEFORE = ["2.8.13", "2.9.60", "3.6.26"];
const AFTER = [...BEFORE, "3.6.27"];

test("carries a mirror in volumes to an empty offline side, then only what is new", async () => {
  const options = { ...OPTIONS, tarballBytes: 20_000, now: new Date(Date.now() - 3_600_000) };
  await using upstream = await startUpstream({ ...options, releases: BEFORE });
  await using gap = await airGap(upstream);

  const first = join(gap.medium, "first");
  const full = await gap.json<CreatedDocument>(
    "near",
    "bundle",
    "create",
    "--to",
    first,
    "--volume-size",
    "40KiB",
  );
  expect(full.bundle.volumes.length).toBeGreaterThan(3);
  const sizes = await Promise.all(full.bundle.volumes.map(async ({ path }) => (await stat(path)).size));
  expect(sizes.slice(0, -1)).toEqual(sizes.slice(0, -1).map(() => 40 * 1024));
  const arrived = await gap.json<ImportedDocument>("far", "bundle", "import", first);
  expect(arrived).toMatchObject({
    outcome: "updated",
    missing: [],
    imported: { agents: full.bundle.agents },
  });
  expect((await gap.far.published()).agents).toEqual((await gap.near.published()).agents);

  const receipt = join(gap.medium, "far.receipt");
  await gap.done("far", "bundle", "receipt", "--to", receipt);
  await gap.done("near", "site", "update", receipt);
  upstream.publish(await buildSampleTree({ ...options, releases: AFTER, now: new Date() }));
  await gap.done("near", "sync", "--quiet");

  const second = join(gap.medium, "second");
  const { sites } = await gap.json<{ sites: readonly SiteRow[] }>("near", "site", "list");
  const delta = await gap.json<CreatedDocument>(
    "near",
    "bundle",
    "create",
    "--to",
    second,
    "--have",
    receipt,
  );
  const fresh = (await gap.json<ListDocument>("near", "list", "3.6.27")).agents;
  expect(delta.bundle.agents).toBe(fresh.length);
  expect(delta.bundle.bytes).toBe(sum(new Map(fresh.map(({ sha256, size }) => [sha256, size])).values()));
  expect(sites).toMatchObject([{ name: "plant-7", behind: { versions: 1, bytes: delta.bundle.bytes } }]);
  expect(sites[0]?.nextDelta.bytes).toBe(sum(delta.bundle.volumes.map(({ size }) => size)));

  const updated = await gap.json<ImportedDocument>("far", "bundle", "import", second);
  expect(updated).toMatchObject({
    outcome: "updated",
    imported: { agents: fresh.length, bytes: delta.bundle.bytes },
  });
  expect((await gap.far.published()).agents).toEqual((await gap.near.published()).agents);
  expect(await gap.json("far", "bundle", "import", second)).toMatchObject({ outcome: "unchanged" });
});

interface SiteRow {
  readonly nextDelta: { readonly bytes: number };
}

interface ListDocument {
  readonly agents: readonly { readonly sha256: string; readonly size: number }[];
}

test("makes the same bytes for the same content, whenever and wherever to", async () => {
  await using upstream = await startUpstream({ ...OPTIONS, releases: ["3.6.26", "3.6.27"] });
  await using gap = await airGap(upstream);
  const made = [];
  for (const name of ["a", "b"]) {
    const to = join(gap.medium, name);
    const { bundle } = await gap.json<CreatedDocument>(
      "near",
      "bundle",
      "create",
      "--to",
      to,
      "--manifest-html",
    );
    made.push(bundle.volumes.map(({ sha256 }) => sha256));
  }
  expect(made[0]).toEqual(made[1]);
  const files = await readdir(join(gap.medium, "a"));
  expect(files).toEqual(await readdir(join(gap.medium, "b")));
  expect(files).toContain("SHA256SUMS");
});

test("a delta that comes before its baseline waits for it, and says what it lacks and where that is", async () => {
  const options = { ...OPTIONS, now: new Date(Date.now() - 3_600_000) };
  await using upstream = await startUpstream({ ...options, releases: ["3.6.26"] });
  await using gap = await airGap(upstream);
  const [first, second, inventory] = ["first", "second", "inventory.json"].map((name) =>
    join(gap.medium, name),
  );
  const full = await gap.json<CreatedDocument>("near", "bundle", "create", "--to", first as string);
  await using other = await airGap(upstream);
  await other.done("far", "key", "trust", join(gap.near.folder, "public.asc"));
  await other.done("far", "bundle", "import", first as string);
  await other.done("far", "inventory", "--to", inventory as string);
  upstream.publish(await buildSampleTree({ ...options, releases: ["3.6.26", "3.6.27"], now: new Date() }));
  await gap.done("near", "sync", "--quiet");
  await gap.done("near", "bundle", "create", "--to", second as string, "--have", inventory as string);

  const early = await gap.far.jam("bundle", "import", second as string, "-o", "json");
  expect(early.status).toBe(3);
  const report = JSON.parse(early.stdout) as ImportedDocument;
  expect(report).toMatchObject({ outcome: "partial", snapshot: null });
  expect(report.missing.flatMap(({ agents }) => agents)).toContain("3.6.26-ubuntu-amd64");
  expect(report.missing.map(({ bundle }) => bundle)).toEqual(report.missing.map(() => full.bundle.id));
  expect((await gap.far.published()).agents).toEqual([]);

  expect(await gap.json("far", "bundle", "import", first as string)).toMatchObject({ outcome: "updated" });
  expect((await gap.far.published()).agents).toContain("3.6.27-ubuntu-arm64");
  expect((await gap.far.published()).agents).toContain("3.6.26-ubuntu-arm64");
});

test("a bundle over standard output and input arrives whole", async () => {
  await using upstream = await startUpstream({ ...OPTIONS, releases: ["3.6.27"] });
  await using gap = await airGap(upstream);
  const { runProcess } = await import("../helpers/jam-process.ts");
  const jam = `${process.execPath} ${join(import.meta.dirname, "../../bin/jam.js")}`;
  const pipe = `(cd ${gap.near.folder} && ${jam} bundle create --to -) | (cd ${gap.far.folder} && ${jam} bundle import - -o json)`;
  const { status, stdout } = await runProcess("sh", ["-c", pipe]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: "updated" });
});

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
