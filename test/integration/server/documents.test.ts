import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { rawGet, rawRequest } from "../../helpers/raw-http.ts";
import { serveMirror, tarballPath } from "../../helpers/served-mirror.ts";

const INDEX = "/tools/streams/v1/index2.json";

interface Index {
  readonly index: Record<string, { readonly path: string; readonly products: string[] }>;
}

test("rule 1, 9: the index leads to product files that list what is held", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }, { version: "3.6.6" }] });
  const index = (await (await fetch(mirror.url + INDEX)).json()) as Index;
  const entry = index.index["com.ubuntu.juju:released:agents"];
  const products = await fetch(`${mirror.url}/tools/${entry?.path}`);
  const text = await products.text();
  expect(products.headers.get("content-type")).toBe("application/json");
  expect(text).toContain(tarballPath("3.6.5"));
  expect(text).toContain(tarballPath("3.6.6"));
  expect(
    await (await fetch(`${mirror.url}/tools/streams/v1/com.ubuntu.juju-released-agents.json`)).text(),
  ).toBe(text);
});

test("serves the same bytes that a plain web server finds in the published tree", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const { readFile } = await import("node:fs/promises");
  const onDisk = await readFile(`${mirror.store.path}${INDEX}`, "utf8");
  expect(await (await fetch(mirror.url + INDEX)).text()).toBe(onDisk);
});

test.for([
  ["gzip", gunzipSync],
  ["br", brotliDecompressSync],
  ["zstd", zstdDecompressSync],
] as const)(
  "H5: JSON comes as %s where that is accepted, with an ETag of its own",
  async ([coding, decode]) => {
    await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
    const plain = await rawRequest(mirror.port, rawGet(INDEX));
    const coded = await rawRequest(mirror.port, rawGet(INDEX, [`Accept-Encoding: ${coding}`]));
    expect(coded.headers).toMatchObject({ "content-encoding": coding, vary: "Accept-Encoding" });
    expect(decode(coded.body).toString()).toBe(plain.body.toString());
    expect(plain.headers).toMatchObject({ etag: `"${sha256Of(plain.body)}"`, vary: "Accept-Encoding" });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(coded.headers["etag"]).toBe(`"${sha256Of(plain.body)}-${coding}"`);
    const again = await rawRequest(
      mirror.port,
      rawGet(INDEX, [`Accept-Encoding: ${coding}`, `If-None-Match: ${coded.headers["etag"]}`]),
    );
    expect([again.status, again.headers["vary"]]).toEqual([304, "Accept-Encoding"]);
  },
);

test.for([
  ["gzip;q=0, br;q=0", undefined],
  ["deflate", undefined],
  ["identity", undefined],
  ["gzip;q=0.5, br", "br"],
  ["*", "br"],
  ["identity;q=0, compress", undefined],
] as const)("H5: Accept-Encoding %s gives %s", async ([accept, coding]) => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const { status, headers } = await rawRequest(mirror.port, rawGet(INDEX, [`Accept-Encoding: ${accept}`]));
  expect([status, headers["content-encoding"]]).toEqual([200, coding]);
});

test("H5: HEAD has the headers of GET, compressed or not", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  for (const accept of [[], ["Accept-Encoding: gzip"]]) {
    const get = await rawRequest(mirror.port, rawGet(INDEX, accept));
    const head = await rawRequest(mirror.port, rawGet(INDEX, accept, "HEAD"));
    expect({ ...head.headers, date: "" }).toEqual({ ...get.headers, date: "" });
    expect(head.body.length).toBe(0);
  }
});

test("caches must ask about the index, and may keep what is named after a snapshot", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const index = await fetch(mirror.url + INDEX);
  const [entry] = Object.values(((await index.json()) as Index).index);
  const products = await fetch(`${mirror.url}/tools/${entry?.path}`);
  expect(index.headers.get("cache-control")).toBe("public, no-cache");
  expect(products.headers.get("cache-control")).toMatch(/immutable/);
});

test.for([
  "streams/v1/index2.sjson",
  "streams/v1/index.sjson",
  "streams/v1/com.ubuntu.juju-released-agents.sjson",
  "streams/v1/index2.json.gpg",
])("rule 2: a curated face has no signed twin: %s", async (path) => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  expect((await fetch(`${mirror.url}/tools/${path}`)).status).toBe(404);
});

test.for(["tools", "upstream/tools"])(
  "rule 6: upstream's mirrors files are not there under /%s",
  async (face) => {
    const documents = { "streams/v1/mirrors.sjson": "x", "streams/v1/cpc-mirrors.sjson": "x" };
    const verbatim = { complete: true } as const;
    await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }], documents, verbatim });
    for (const name of ["mirrors.sjson", "mirrors.json", "cpc-mirrors.sjson", "cpc-mirrors.json"]) {
      expect((await fetch(`${mirror.url}/${face}/streams/v1/${name}`)).status).toBe(404);
    }
  },
);

test("rule 3: whatever is missing is 404 with one small body, and costs no look at a blob", async () => {
  let opened = 0;
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    served: ({ blobs }) => ({
      blobs: {
        open: (sha256) => {
          opened += 1;
          return blobs.open(sha256);
        },
      },
    }),
  });
  const bodies = new Set<string>();
  for (const path of [
    "/tools",
    "/tools/",
    "/tools/streams/v1/",
    "/tools/streams/v1/index3.json",
    "/tools/streams/v1/index2.sjson",
    "/tools/streams/v1/20200101T000000Z-00000000/com.ubuntu.juju-released-agents.json",
    `/tools/${tarballPath("9.9.9")}`,
    "/Tools/streams/v1/index2.json",
    "/nothing",
    "/api/v1/nothing",
  ]) {
    const { status, headers, body } = await rawRequest(mirror.port, rawGet(path));
    expect([path, status, headers["content-type"]]).toEqual([path, 404, "application/json"]);
    expect(headers["cache-control"]).toBe("no-store");
    bodies.add(body.toString());
  }
  expect([...bodies]).toEqual(['{"code":"JAM_NOT_FOUND","message":"Not found.","details":{}}\n']);
  expect(opened).toBe(0);
});

test("tells what it is on its start page, with the address to give to Juju", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5", size: 2048 }] });
  const page = await fetch(mirror.url);
  const text = await page.text();
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(text).toContain(`agent-metadata-url=${mirror.url}/tools`);
  expect(text).toContain("1 agent in 1 tarball, 2.0 KiB");
});

test("M7: the start page repeats nothing that a Host header smuggles in", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const { body } = await rawRequest(
    mirror.port,
    "GET / HTTP/1.1\r\nHost: x<script>\r\nConnection: close\r\n\r\n",
  );
  expect(body.toString()).not.toContain("<script>");
});
