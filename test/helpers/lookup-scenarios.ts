/** Upstreams in every state that a look-up may meet: what is signed, missing, broken, refused or sent elsewhere. */
import { clearSign } from "../peers/sample-upstream/sign.ts";
import type { EditableJson } from "../peers/sample-upstream/tree.ts";
import type { Fault, SampleTree, TestUpstream } from "./upstream.ts";
import { buildSampleTree, startUpstream, withSignatureFault } from "./upstream.ts";

/** The model's cloud that the scenarios with mirrors know. */
export const CLOUD = { region: "Here Now", endpoint: "https://cloud.invalid/" };

export interface Scenario {
  readonly name: string;
  readonly tree: SampleTree;
  readonly faults: readonly (readonly [path: string | RegExp, fault: Fault])[];
}

/** A scenario being served. */
export interface ServedScenario extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Juju from October 2023 on repeats what fails here, for seconds. */
  readonly isSlow: boolean;
}

const RELEASES = [
  "1.25.13",
  "2.7.8",
  "2.8.5",
  "2.8.13",
  "2.9-rc7",
  "2.9.42",
  "2.9.60",
  "3.6.11",
  "3.6.27",
  "3.6-rc1",
  "4.0.15",
];
const PRODUCT_FILE = /com\.ubuntu\.juju-.*\.s?json$/;
const INDEX = "streams/v1/index2.json";
const SIGNED_INDEX = "streams/v1/index2.sjson";
const FILES = ["released-agents", "released-tools"].map((name) => `streams/v1/com.ubuntu.juju-${name}.json`);

/** Every scenario; `elsewhere` is the upstream that mirror files lead to. */
export async function buildScenarios(elsewhere: Pick<TestUpstream, "url">): Promise<Scenario[]> {
  const tree = await buildSampleTree({ releases: RELEASES, arches: ["amd64", "arm64"] });
  const of = (name: string, changed: SampleTree, ...faults: Scenario["faults"]): Scenario => ({
    name,
    tree: changed,
    faults,
  });
  const unsigned = withoutSignatures(tree);
  return [
    of("complete and signed", tree),
    of("complete and unsigned", unsigned),
    ...(await filteredScenarios()),
    ...(await brokenSignatures(tree)),
    of("signed index that leads to unsigned files", await signedAsItIs(tree)),
    ...missingDocuments(tree, unsigned, of),
    ...statuses(tree, unsigned, of),
    ...mirrorScenarios(unsigned, elsewhere.url, of),
    ...shapes(unsigned, of),
  ];
}

type Make = (name: string, tree: SampleTree, ...faults: Scenario["faults"]) => Scenario;

async function build(name: string, options: Parameters<typeof buildSampleTree>[0]): Promise<Scenario> {
  const tree = await buildSampleTree({ arches: ["amd64"], ...options });
  return { name, tree: withoutSignatures(tree), faults: [] };
}

async function filteredScenarios(): Promise<Scenario[]> {
  return [
    await build("a few releases", { releases: ["2.8.13", "2.9.60", "3.6.27"] }),
    await build("released only", { releases: RELEASES, streams: ["released"] }),
    await build("devel only", { releases: RELEASES, streams: ["devel"] }),
    await build("agents only", { releases: RELEASES, families: ["agents"] }),
    await build("nothing that fits", { releases: ["1.25.13"] }),
  ];
}

/** What `juju metadata sign` makes: the signed index leads to the unsigned files. */
async function signedAsItIs(tree: SampleTree): Promise<SampleTree> {
  return tree.withDocument(SIGNED_INDEX, await clearSign(tree.text(INDEX), tree.key, tree.now));
}

async function brokenSignatures(tree: SampleTree): Promise<Scenario[]> {
  const faults = [
    "unsigned",
    "foreign-key",
    "altered",
    "truncated",
    "text-before",
    "text-after",
    "two-blocks",
    "empty-signature",
    "signed-in-future",
    "lone-cr",
    "good-then-bad",
    "bad-then-good",
    "twice",
    "co-signed",
    "wrong-checksum",
    "marker-packet",
    "no-hash-header",
  ] as const;
  const scenarios: Scenario[] = [];
  for (const fault of faults) {
    scenarios.push({
      name: `index signature ${fault}`,
      tree: await withSignatureFault(tree, INDEX, fault),
      faults: [],
    });
    let products = tree;
    for (const file of FILES) products = await withSignatureFault(products, file, fault);
    scenarios.push({ name: `product signature ${fault}`, tree: products, faults: [] });
  }
  const mirrors = await withSignatureFault(tree, "streams/v1/mirrors.json", "altered");
  return [...scenarios, { name: "mirrors signature altered", tree: mirrors, faults: [] }];
}

function missingDocuments(tree: SampleTree, unsigned: SampleTree, of: Make): Scenario[] {
  const withoutProducts = FILES.reduce((rest, path) => rest.withDocument(signed(path), undefined), tree);
  return [
    of("signed index without signed products", withoutProducts),
    of(
      "no products at all",
      FILES.reduce((rest, path) => rest.withDocument(path, undefined), unsigned),
    ),
    of("legacy index only", unsigned.withDocument(INDEX, undefined)),
    of("signed legacy index, unsigned index2", tree.withDocument(SIGNED_INDEX, undefined)),
    of(
      "nothing at all",
      unsigned.withDocument(INDEX, undefined).withDocument("streams/v1/index.json", undefined),
    ),
  ];
}

function status(code: number): Fault {
  return { kind: "status", status: code };
}

function statuses(tree: SampleTree, unsigned: SampleTree, of: Make): Scenario[] {
  return [
    of("401 for what is signed", tree, [/\.sjson$/, status(401)]),
    of("401 for index2", unsigned, [/index2/, status(401)]),
    of("401 for products", unsigned, [PRODUCT_FILE, status(401)]),
    of("401 for mirrors", unsigned, [/mirrors/, status(401)]),
    of("403 for what is signed", tree, [/\.sjson$/, status(403)]),
    of("403 for everything", tree, [/./, status(403)]),
    of("403 for mirrors", unsigned, [/mirrors/, status(403)]),
    of("500 for index2", unsigned, [/index2/, status(500)]),
    of("500 for products", unsigned, [PRODUCT_FILE, status(500)]),
    of("204 for index2", unsigned, [/index2/, status(204)]),
    of("a page for everything", tree, [/./, { kind: "html" }]),
    of("a page for what is signed", tree, [/\.sjson$/, { kind: "html" }]),
    of("an empty index", unsigned, [/index2\.json/, { kind: "empty" }]),
    of("index cut off", unsigned, [/index2\.json/, { kind: "cut", at: 30 }]),
    of("products cut off", unsigned, [PRODUCT_FILE, { kind: "cut", at: 100 }]),
    of("products compressed", unsigned, [PRODUCT_FILE, { kind: "gzip", how: "compress" }]),
    of("products not compressed as they claim", unsigned, [PRODUCT_FILE, { kind: "gzip", how: "label" }]),
    of("index redirected", unsigned, [/index2\.json/, { kind: "redirect", to: "streams/v1/index.json" }]),
    of("index redirected in circles", unsigned, [/index2\.json/, { kind: "redirect", to: "loop" }]),
  ];
}

function mirrorScenarios(unsigned: SampleTree, elsewhere: string, of: Make): Scenario[] {
  const list = "streams/v1/cpc-mirrors.json";
  const references = (more: object) =>
    both(() => [{ datatype: "content-download", path: list, format: "mirrors:1.0", ...more }]);
  const places = (more: object, path?: string) =>
    both((file) => [{ mirror: elsewhere, path: path ?? file, clouds: [CLOUD], ...more }]);
  const publish = (mirrors: object, second: object | undefined): SampleTree =>
    unsigned
      .withDocument("streams/v1/mirrors.json", JSON.stringify({ mirrors }))
      .withDocument(list, second === undefined ? undefined : JSON.stringify(second));
  const good = { format: "mirrors:1.0", mirrors: places({}) };
  return [
    of("mirrors for every cloud", publish(references({}), good)),
    of("mirrors for this cloud", publish(references({ clouds: [{ ...CLOUD, region: "herenow" }] }), good)),
    of("mirrors for another cloud", publish(references({ clouds: [{ region: "x", endpoint: "y" }] }), good)),
    of("mirrors of images", publish(references({ datatype: "image-ids", clouds: [CLOUD] }), good)),
    of("mirror list missing", publish(references({}), undefined)),
    of("mirror list of another format", publish(references({}), { ...good, format: "mirrors:2.0" })),
    of("mirror without clouds", publish(references({}), { ...good, mirrors: places({ clouds: [] }) })),
    of("mirror without a path", publish(references({}), { ...good, mirrors: places({}, "") })),
    of("mirror without the file", publish(references({}), { ...good, mirrors: places({}, "none.json") })),
    of("mirrors unreadable", unsigned.withDocument("streams/v1/mirrors.json", "{")),
    of("mirrors of a wrong type", publish({ "com.ubuntu.juju:released:agents": "none" }, good)),
  ];
}

/** For the released stream of both families. */
function both(make: (file: string) => object[]): Record<string, object[]> {
  return Object.fromEntries(
    (["agents", "tools"] as const).map((family) => {
      const id = `com.ubuntu.juju:released:${family}`;
      return [id, make(`streams/v1/com.ubuntu.juju-released-${family}.json`)];
    }),
  );
}

type Item = Record<string, unknown>;

/** What may be odd inside documents that parse. */
function shapes(unsigned: SampleTree, of: Make): Scenario[] {
  const index = (name: string, edit: (entry: Item, index: EditableJson) => unknown): Scenario =>
    of(
      `index ${name}`,
      edited(unsigned, INDEX, (document) => {
        for (const entry of Object.values(document.index)) edit(entry, document);
      }),
    );
  const items = (name: string, edit: (item: Item, date: Item, product: Item) => void): Scenario =>
    of(
      `item ${name}`,
      FILES.reduce(
        (rest, path) =>
          edited(rest, path, (document) => {
            for (const product of Object.values(document.products)) {
              for (const date of Object.values(product.versions)) {
                for (const item of Object.values(date.items)) edit(item, date, product);
              }
            }
          }),
        unsigned,
      ),
    );
  return [
    index("of another datatype", (entry) => (entry["datatype"] = "image-ids")),
    index("for this cloud", (entry) => (entry["clouds"] = [CLOUD])),
    index("for another cloud", (entry) => (entry["clouds"] = [{ region: "x", endpoint: "y" }])),
    index("without products", (entry) => (entry["products"] = [])),
    index("with products as a text", (entry) => (entry["products"] = "all")),
    index("of another format", (_, document) => (document.format = "index:2.0")),
    index("with dates that are none", (entry, document) => {
      document.updated = "never";
      entry["updated"] = "";
    }),
    index("with a number for a date", (_, document) => (document["updated"] = 20300101 as never)),
    index("without a datatype", (entry) => delete entry["datatype"]),
    index("with entries of another format", (entry) => (entry["format"] = "products:9.9")),
    index("with a path that leads nowhere", (entry) => (entry["path"] = "streams/v1/none.json")),
    items("size as a text", (item) => (item["size"] = String(item["size"]))),
    items("size with a fraction", (item) => (item["size"] = 1.5)),
    items("without size and hash", (item) => {
      delete item["size"];
      delete item["sha256"];
    }),
    items("version broken", (item) => (item["version"] = "3.6")),
    items("version missing everywhere", (item, date, product) => {
      for (const level of [item, date, product]) delete level["version"];
    }),
    items("arch of its own", (item) => (item["arch"] = "riscv64")),
    // Of one product only: which of two items with one name Juju takes is left to chance.
    items("release of its own", (item, _, product) => {
      if (["ubuntu", "bionic"].includes(String(product["release"]))) item["release"] = "genericlinux";
    }),
    items("path above the base", (item) => (item["path"] = `../${String(item["path"])}`)),
    items("names in capitals", (item) => {
      item["PATH"] = "capital.tgz";
      item["Sha256"] = "00";
    }),
    items("version with a build of zero", (item, date) => {
      const version = item["version"] ?? date["version"];
      if (typeof version === "string" && !version.includes("-")) item["version"] = `${version}.0`;
    }),
    of(
      "products of another format",
      withFiles(unsigned, (document) => (document.format = "products:2.0")),
    ),
    of(
      "products as a list",
      withFiles(unsigned, (document) => (document["products"] = [] as never)),
    ),
    items("with fields that nobody knows", (item) => {
      item["mirror"] = "http://127.0.0.1:9/";
      item["Release"] = 5;
    }),
    items("without md5 and ftype", (item) => {
      delete item["md5"];
      delete item["ftype"];
    }),
    items("size, hash and path on the date", (item, date) => hoist(item, date, ["size", "sha256", "path"])),
    items("with version, arch and release of its own", (item, date, product) => {
      const { version = date["version"], arch = product["arch"], release = product["release"] } = item;
      Object.assign(item, { version, arch, release });
    }),
    of(
      "products with arch and release at the top",
      withFiles(unsigned, (document) => {
        Object.assign(document, { arch: "amd64", release: "ubuntu" });
        for (const product of Object.values(document.products)) {
          delete product["arch"];
          delete product["release"];
        }
      }),
    ),
    of(
      "products without content id, datatype and date",
      withFiles(unsigned, (document) => {
        for (const name of ["content_id", "datatype", "updated"]) delete document[name];
      }),
    ),
    of("items of other names", withFiles(unsigned, renameItems)),
    of("an older date with another hash", withFiles(unsigned, addOlderDate)),
    of("a newer date with another hash", withFiles(unsigned, addNewerDate)),
    of("aliases", withFiles(unsigned, addAliases)),
  ];
}

function hoist(item: Item, level: Item, names: readonly string[]): void {
  for (const name of names) {
    level[name] ??= item[name];
    delete item[name];
  }
}

function renameItems(document: EditableJson): void {
  for (const product of Object.values(document.products)) {
    for (const date of Object.values(product.versions)) {
      const items = Object.values(date.items).map((item, at) => [`item ${at}`, item]);
      date.items = Object.fromEntries(items) as typeof date.items;
    }
  }
}

function addOlderDate(document: EditableJson): void {
  copyDate(document, "20100101");
}

function addNewerDate(document: EditableJson): void {
  copyDate(document, "20990101");
}

function copyDate(document: EditableJson, date: string): void {
  for (const product of Object.values(document.products)) {
    const [first] = Object.values(product.versions);
    if (first === undefined) continue;
    const items = Object.entries(first.items).map(([name, item]) => [
      name,
      { ...item, sha256: "0".repeat(64) },
    ]);
    product.versions[date] = { ...first, items: Object.fromEntries(items) as typeof first.items };
  }
}

function addAliases(document: EditableJson): void {
  document["_aliases"] = { ftype: { "tar.gz": { sha256: "1".repeat(64), size: "none" } } };
  for (const product of Object.values(document.products)) {
    for (const date of Object.values(product.versions)) {
      for (const item of Object.values(date.items)) item["ftype"] = "tar.gz";
    }
  }
}

function withFiles(tree: SampleTree, edit: (document: EditableJson) => unknown): SampleTree {
  return FILES.reduce((rest, path) => edited(rest, path, edit), tree);
}

function edited(tree: SampleTree, path: string, edit: (document: EditableJson) => unknown): SampleTree {
  const document = JSON.parse(tree.text(path)) as EditableJson;
  edit(document);
  return tree.withDocument(path, JSON.stringify(document));
}

function withoutSignatures(tree: SampleTree): SampleTree {
  return [...tree.documents.keys()]
    .filter((path) => path.endsWith(".sjson"))
    .reduce((rest, path) => rest.withDocument(path, undefined), tree);
}

function signed(path: string): string {
  return path.replace(/\.json$/, ".sjson");
}

/** Serves a scenario. */
export async function serveScenario({ name, tree, faults }: Scenario): Promise<ServedScenario> {
  const upstream = await startUpstream({ tree });
  for (const [path, fault] of faults) upstream.fault(path, fault);
  return {
    name,
    url: upstream.url,
    isSlow: /^(?:40[^1]|5\d\d|204)|in circles/.test(name),
    [Symbol.asyncDispose]: () => upstream.close(),
  };
}
