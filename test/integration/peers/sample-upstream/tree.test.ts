import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { readCleartextMessage, readKey, verify } from "openpgp";
import { Parser, type ReadEntry } from "tar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildSampleTree, startUpstream, type TestUpstream } from "../../../helpers/upstream.ts";
import { ask } from "./ask.ts";

interface WireItem {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
  readonly version?: string;
}
interface WireProduct {
  readonly arch: string;
  readonly release: string;
  readonly ftype: string;
  readonly versions: Record<string, { readonly version?: string; readonly items: Record<string, WireItem> }>;
}
interface WireProducts {
  readonly content_id: string;
  readonly format: string;
  readonly products: Record<string, WireProduct>;
}
interface WireIndex {
  readonly format: string;
  readonly updated: string;
  readonly index: Record<
    string,
    { readonly path: string; readonly products: string[]; readonly format: string }
  >;
}

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startUpstream({
    releases: "small",
    arches: ["amd64", "arm64", "ppc64el", "s390x"],
    oses: ["ubuntu", "windows", "centos"],
  });
});
afterAll(() => upstream.close());

const get = (path: string) => fetch(new URL(path, upstream.url));
const getJson = async <T>(path: string): Promise<T> => (await get(path)).json() as Promise<T>;

/** The text that upstream's key signed. */
async function getSigned(path: string): Promise<string> {
  const message = await readCleartextMessage({ cleartextMessage: await (await get(path)).text() });
  const verificationKeys = await readKey({ armoredKey: upstream.tree.key.publicKeyArmored });
  const { data } = await verify({ message, verificationKeys, expectSigned: true });
  return data;
}

async function productFiles(): Promise<readonly WireProducts[]> {
  const { index } = await getJson<WireIndex>("streams/v1/index2.json");
  return Promise.all(Object.values(index).map(({ path }) => getJson<WireProducts>(path)));
}

function rowsOf(file: WireProducts) {
  return Object.entries(file.products).flatMap(([productId, product]) =>
    Object.entries(product.versions).flatMap(([date, collection]) =>
      Object.entries(collection.items).map(([itemName, item]) => {
        const version = item.version ?? collection.version;
        return { productId, product, date, itemName, item, version };
      }),
    ),
  );
}

describe("documents", () => {
  test("index2 lists both families of each stream, with the products each file holds", async () => {
    const { format, updated, index } = await getJson<WireIndex>("streams/v1/index2.json");

    expect(format).toBe("index:1.0");
    expect(updated).toMatch(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/);
    expect(Object.keys(index)).toEqual(
      ["devel", "proposed", "released"].flatMap((s) => [
        `com.ubuntu.juju:${s}:agents`,
        `com.ubuntu.juju:${s}:tools`,
      ]),
    );
    for (const [contentId, entry] of Object.entries(index)) {
      const file = await getJson<WireProducts>(entry.path);
      expect(file.content_id).toBe(contentId);
      expect(Object.keys(file.products)).toEqual(entry.products);
    }
  });

  test("index lists released tools only, under the name with colons", async () => {
    const { index } = await getJson<WireIndex>("streams/v1/index.json");

    expect(Object.entries(index).map(([id, { path }]) => [id, path])).toEqual([
      ["com.ubuntu.juju:released:tools", "streams/v1/com.ubuntu.juju:released:tools.json"],
    ]);
  });

  test("mirrors name upstream's public buckets", async () => {
    const first = await getJson<{ mirrors: Record<string, { path: string }[]> }>("streams/v1/mirrors.json");
    const path = first.mirrors["com.ubuntu.juju:released:tools"]?.[0]?.path ?? "";

    expect(path).toBe("streams/v1/cpc-mirrors.json");
    expect(await (await get(path)).text()).toContain("https://juju-dist.s3.amazonaws.com/tools");
  });

  test("each document has a clear-signed twin with the same text, whose paths name signed documents", async () => {
    const paths = [...upstream.tree.documents.keys()].filter((path) => path.endsWith(".json"));
    expect(paths).toHaveLength(11);
    for (const path of paths) {
      const signed = await getSigned(path.replace(".json", ".sjson"));
      expect(`${signed.replaceAll('.sjson"', '.json"')}\n`).toBe(await (await get(path)).text());
    }
    expect(await getSigned("streams/v1/index2.sjson")).not.toContain('.json"');
  });

  test("no document has carriage returns or lines that gpg would truncate", () => {
    for (const bytes of upstream.tree.documents.values()) {
      const text = bytes.toString();
      expect(text).not.toContain("\r");
      expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(1000);
    }
  });

  test("arch, release and ftype stand on the product, the version on the date, as upstream condenses", async () => {
    for (const file of await productFiles()) {
      for (const { product, item, itemName, version } of rowsOf(file)) {
        expect(item).not.toHaveProperty("arch");
        expect(product.ftype).toBe("tar.gz");
        expect(itemName).toBe(`${version}-${product.release}-${product.arch}`);
      }
    }
  });
});

describe("agents", () => {
  test("all items that the documents list are those of the tree", async () => {
    const rows = (await productFiles()).flatMap((file) =>
      rowsOf(file).map(
        (row) => `${file.content_id} ${row.productId} ${row.date} ${row.itemName} ${row.item.sha256}`,
      ),
    );
    const listed = upstream.tree.listings.map(
      (one) =>
        `com.ubuntu.juju:${one.stream}:${one.family} ${one.productId} ${one.date} ${one.itemName} ${one.item.sha256}`,
    );
    expect(rows.toSorted()).toEqual(listed.toSorted());
    expect(new Set(rows).size).toBe(rows.length);
  });

  test("every listed tarball is there with the size and hashes listed", async () => {
    const items = (await productFiles()).flatMap((file) => rowsOf(file).map(({ item }) => item));
    const byPath = new Map(items.map((item) => [item.path, item]));
    expect([...byPath.keys()].toSorted()).toEqual([...upstream.tree.items.keys()].toSorted());
    for (const { path, size, sha256, md5 } of byPath.values()) {
      const bytes = Buffer.from(await (await get(path)).arrayBuffer());
      expect(bytes.length).toBe(size);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
      expect(createHash("md5").update(bytes).digest("hex")).toBe(md5);
    }
  });

  test.for([
    ["1.24.7", ["releases/juju-1.24.7-trusty-amd64.tgz"]],
    ["1.25.6", ["agent/1.25.6/juju-1.25.6-trusty-amd64.tgz"]],
    ["2.0-beta7", ["agent/2.0-beta7/juju-2.0-beta7-xenial-amd64.tgz"]],
    ["2.4.7", ["agent/2.4.7/juju-2.4.7-ubuntu-amd64.tgz", "agent/2.4.7/juju-2.4.7-centos7-amd64.tgz"]],
    ["2.9.42", ["agent/2.9.42/juju-2.9.42-linux-amd64.tgz", "agent/2.9.42/juju-2.9.42-windows-amd64.tgz"]],
    ["3.6.27", ["agent/3.6.27/juju-3.6.27-linux-s390x.tgz"]],
  ] as const)("%s lies where its era put it", ([, paths]) => {
    for (const path of paths) expect(upstream.tree.items.has(path), path).toBe(true);
  });

  test("one 2.9 tarball stands under its OS type and under every series then living", () => {
    const path = "agent/2.9.42/juju-2.9.42-linux-amd64.tgz";
    const releases = upstream.tree.listings
      .filter(({ item, stream }) => item.path === path && stream === "released")
      .map(({ family, release }) => `${family} ${release}`);
    expect(releases).toEqual(["agents ubuntu", "tools xenial", "tools bionic", "tools focal", "tools jammy"]);
  });

  test("3.x and 4.x are listed by OS type only, 2.8 and earlier by series only", () => {
    const families = new Map<string, Set<string>>();
    for (const { version, family } of upstream.tree.listings) {
      const major = version.startsWith("2.9") ? "2.9" : version.slice(0, 1);
      families.set(major, (families.get(major) ?? new Set()).add(family));
    }
    expect(families).toEqual(
      new Map([
        ["1", new Set(["tools"])],
        ["2", new Set(["tools"])],
        ["2.9", new Set(["agents", "tools"])],
        ["3", new Set(["agents"])],
        ["4", new Set(["agents"])],
      ]),
    );
  });

  test("released has final versions only, devel what is being made, proposed candidates", () => {
    expect([...versionsIn("released")].filter((version) => version.includes("-"))).toEqual([]);
    expect(versionsIn("devel")).toContain("3.6-beta2");
    expect(versionsIn("proposed")).toContain("4.0-rc1");
    expect(versionsIn("proposed")).toContain("4.0.15");
    expect(versionsIn("proposed")).not.toContain("4.0.14");
  });
});

describe("tarballs", () => {
  test("hold what an agent tarball holds", async () => {
    const files = await untar("agent/4.0-rc1/juju-4.0-rc1-linux-arm64.tgz");

    expect([...files.keys()]).toEqual(["jujud", "jujuc", "jujud-versions.yaml", "FORCE-VERSION"]);
    expect(files.get("jujud")?.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
    expect(files.get("FORCE-VERSION")?.toString()).toBe("4.0-rc1");
    const sha256 = createHash("sha256")
      .update(files.get("jujud") ?? "")
      .digest("hex");
    expect(files.get("jujud-versions.yaml")?.toString()).toContain(sha256);
  });

  test("of old releases hold jujud alone, of Windows programs for Windows", async () => {
    expect([...(await untar("releases/juju-1.24.7-trusty-amd64.tgz")).keys()]).toEqual(["jujud"]);
    const windows = await untar("agent/2.9.42/juju-2.9.42-windows-amd64.tgz");
    expect([...windows.keys()]).toEqual(["jujud.exe", "jujuc.exe", "jujud-versions.yaml"]);
  });

  test.for([600, 64 * 1024, 3_000_000])(
    "are about %d bytes when that is asked, and always the same",
    async (size) => {
      const options = { releases: ["3.6.27"], arches: ["amd64"], tarballBytes: size };
      const [first, second] = [await buildSampleTree(options), await buildSampleTree(options)];
      const path = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";

      const item = first.items.get(path);
      expect(Math.abs((item?.size ?? 0) - size)).toBeLessThan(200 + size * 0.01);
      expect(second.items.get(path)?.sha256).toBe(item?.sha256);
    },
  );

  test("above a megabyte are served from disk with the same care", async () => {
    const options = { releases: ["3.6.27"], arches: ["amd64"], tarballBytes: 3_000_000 };
    await using large = await startUpstream(options);
    const path = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";
    const { body } = await ask(large.url + path);
    const tail = await ask(large.url + path, { headers: { range: "bytes=1234567-" } });

    expect(createHash("sha256").update(body).digest("hex")).toBe(large.tree.items.get(path)?.sha256);
    expect(tail.body.equals(body.subarray(1_234_567))).toBe(true);
    expect(gunzipSync(body).length).toBeGreaterThan(2_900_000);
  });
});

function versionsIn(stream: string): ReadonlySet<string> {
  return new Set(upstream.tree.listings.filter((one) => one.stream === stream).map(({ version }) => version));
}

async function untar(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const onReadEntry = (entry: ReadEntry): void => {
    const pieces: Buffer[] = [];
    entry.on("data", (piece: Buffer) => pieces.push(piece));
    entry.on("end", () => files.set(entry.path, Buffer.concat(pieces)));
  };
  const parser = new Parser({ strict: true, onReadEntry });
  const done = new Promise((resolve, reject) => parser.on("end", resolve).on("error", reject));
  parser.end(Buffer.from(await (await get(path)).arrayBuffer()));
  await done;
  return files;
}
