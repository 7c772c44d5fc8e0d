/** What generations of Juju do differently when they look for agents; the newer ones are also held to Juju's own code. */
import { describe, expect, test } from "vitest";
import type {
  LookupAnswer,
  LookupReader,
  LookupPlace,
} from "../../../../src/upgrade/lookup/lookup-source.ts";
import { readInquiry, type LookupInquiry } from "../../../../src/upgrade/lookup/read-inquiry.ts";
import { reportLookup, type LookupReport } from "../../../../src/upgrade/lookup/lookup-report.ts";

const BASE = "http://mirror.invalid/tools";
const PLACE: LookupPlace = { kind: "url", url: BASE };

type Site = Readonly<Record<string, string | Partial<Extract<LookupAnswer, { kind: "answer" }>>>>;

/** A web server in memory; signed documents start with `signed by KEY` and the key `juju` is good. */
function serve(site: Site, contacted = BASE): LookupReader {
  const answer = (url: string): LookupAnswer => {
    if (!url.startsWith(contacted)) return { kind: "not-contacted" };
    const found = site[url.slice(contacted.length + 1)];
    const nothing = { kind: "answer", status: 404, headers: {}, bytes: new Uint8Array() } as const;
    if (found === undefined) return nothing;
    if (typeof found !== "string") return { ...nothing, status: 200, ...found };
    return { ...nothing, status: 200, bytes: new TextEncoder().encode(found) };
  };
  return {
    fetchDocument: (url) => Promise.resolve(answer(url)),
    probe: (url) => Promise.resolve(answer(url)),
    verify: (block) => {
      const [, key, text = ""] =
        /^-----BEGIN PGP SIGNED MESSAGE-----\n(\w+)\n([^]*)\n-----END/.exec(block) ?? [];
      return Promise.resolve(key === "juju" ? { ok: true, text } : { ok: false, reason: `signed by ${key}` });
    },
  };
}

function sign(text: string, key = "juju"): string {
  return `-----BEGIN PGP SIGNED MESSAGE-----\n${key}\n${text}\n-----END PGP SIGNATURE-----\n`;
}

interface Tree {
  readonly family: "agents" | "tools";
  readonly word: string;
  readonly release: string;
  readonly versions: readonly string[];
  readonly ending?: string;
}

function documents({ family, word, release, versions, ending = ".json" }: Tree) {
  const product = `com.ubuntu.juju:${word}:amd64`;
  const path = `streams/v1/com.ubuntu.juju-released-${family}${ending}`;
  const items = versions.map((version) => [
    version,
    { version, release, arch: "amd64", path: `agent/${version}.tgz`, size: 3, sha256: "aa" },
  ]);
  return {
    path,
    index: JSON.stringify({
      format: "index:1.0",
      index: {
        [`com.ubuntu.juju:released:${family}`]: { datatype: "content-download", path, products: [product] },
      },
    }),
    products: JSON.stringify({
      format: "products:1.0",
      products: { [product]: { versions: { 20260101: { items: Object.fromEntries(items) } } } },
    }),
  };
}

const TARBALL = { headers: { "content-type": "application/x-gzip", "content-length": "3" } };

function unsignedSite(tree: Tree, index = "index2"): Site {
  const { path, index: text, products } = documents(tree);
  const tarballs = tree.versions.map((version) => [`agent/${version}.tgz`, TARBALL]);
  return { [`streams/v1/${index}.json`]: text, [path]: products, ...Object.fromEntries(tarballs) };
}

async function look(inquiry: LookupInquiry, site: Site, place = PLACE): Promise<LookupReport> {
  return reportLookup({ inquiry: readInquiry(inquiry), place, demandsSigned: false }, serve(site));
}

function asked(report: LookupReport): string[] {
  return report.steps.map(({ url }) => url.replace(`${BASE}/`, ""));
}

const TRUSTY: Tree = { family: "tools", word: "14.04", release: "trusty", versions: ["1.20.14", "1.25.13"] };
const FOCAL: Tree = {
  family: "tools",
  word: "20.04",
  release: "focal",
  versions: ["2.5.8", "2.8.0", "2.8.13"],
};
const UBUNTU: Tree = {
  family: "agents",
  word: "ubuntu",
  release: "ubuntu",
  versions: ["2.9.60", "3.6.5", "3.6.27", "4.0.15"],
};

describe("Names", () => {
  test("up to 1.20 only the legacy index is read, and the stream is fixed", async () => {
    const site = unsignedSite(TRUSTY, "index");
    const report = await look({ agent: "1.20.14-trusty-amd64", stream: "proposed" }, site);
    expect(report).toMatchObject({ outcome: "found", wanted: { streams: ["released"] } });
    expect(asked(report).slice(0, 2)).toEqual(["streams/v1/index.sjson", "streams/v1/index.json"]);
  });

  test("2.8 looks under series, 2.9 under OS types", async () => {
    const both = { ...unsignedSite(UBUNTU), ...unsignedSite(FOCAL) };
    const old = await look({ juju: "2.8", series: "focal", for: "upgrade" }, both);
    expect(old).toMatchObject({ outcome: "found", chosen: { version: "2.8.13" } });
    expect(old.wanted.contentIds).toEqual(["com.ubuntu.juju:released:tools"]);
    const young = await look({ juju: "2.9", os: "ubuntu" }, unsignedSite(UBUNTU));
    expect(young.wanted).toMatchObject({ contentIds: ["com.ubuntu.juju:released:agents"] });
    expect(young.chosen?.agents[0]?.agent).toBe("2.9.60-ubuntu-amd64");
  });

  test("4.0 looks for ubuntu only, and an upgrade in one stream only", async () => {
    const { wanted } = await look({ juju: "4.0", stream: "proposed", for: "upgrade" }, {});
    expect(wanted.streams).toEqual(["proposed"]);
    expect(wanted.products.every((id) => id.startsWith("com.ubuntu.juju:ubuntu:"))).toBe(true);
    expect((await look({ juju: "4.0", stream: "proposed" }, {})).wanted.streams).toEqual([
      "proposed",
      "released",
    ]);
  });
});

describe("Signatures", () => {
  const { path, index, products } = documents({ ...TRUSTY, ending: ".sjson" });
  const signedSite = { "streams/v1/index2.sjson": sign(index), [path]: sign(products) };

  test("1.25.1 has Juju's key for the operator's source, 1.25.2 has none, 2.0 has it again", async () => {
    for (const [client, outcome] of [
      ["1.25.1", "found"],
      ["1.25.2", "not-found"],
      ["2.0.0", "found"],
    ] as const) {
      const report = await look({ client, majorMinor: "1.25", series: "trusty" }, signedSite);
      expect([client, report.outcome]).toEqual([client, outcome]);
    }
  });

  test("from 2.0 to 2.8.0 a folder must be signed", async () => {
    const folder: LookupPlace = { kind: "folder", url: BASE };
    const outcome = async (client: string) =>
      (await look({ client, majorMinor: "2.8", series: "focal" }, unsignedSite(FOCAL), folder)).outcome;
    expect(await outcome("1.25.13")).toBe("found");
    expect(await outcome("2.5.8")).toBe("not-found");
    expect(await outcome("2.8.0")).toBe("not-found");
    expect(await outcome("2.8.1")).toBe("found");
  });

  test("a key that Juju does not have costs a warning, not the agent", async () => {
    const site = {
      ...unsignedSite(UBUNTU),
      "streams/v1/index2.sjson": sign(documents(UBUNTU).index, "other"),
    };
    const report = await look({ agent: "3.6.5" }, site);
    expect(report.outcome).toBe("found");
    expect(report.warnings.map(({ code }) => code)).toContain("signature-not-trusted");
  });
});

async function withoutAnswer(client: string): Promise<string> {
  const report = await look({ client, version: "9.9.9" }, unsignedSite(UBUNTU));
  expect(report.internet).toMatchObject({ asked: true, streams: ["released"] });
  expect(report.warnings.map(({ code }) => code)).toEqual(["falls-through"]);
  return report.outcome;
}

describe("The way to the internet", () => {
  test("is never gone, but told: late releases fail there, early ones find nothing", async () => {
    expect(await Promise.all(["3.6.5", "3.3.0", "3.1.7"].map(withoutAnswer))).toEqual(
      Array(3).fill("failed"),
    );
    expect(await Promise.all(["2.9.42", "3.1.6", "3.2.4"].map(withoutAnswer))).toEqual(
      Array(3).fill("not-found"),
    );
  });

  test("is not taken when a source answers for every stream", async () => {
    const report = await look({ agent: "3.6.5-ubuntu-amd64" }, unsignedSite(UBUNTU));
    expect(report.internet).toEqual({
      asked: false,
      url: "https://streams.canonical.com/juju/tools",
      streams: [],
    });
  });

  test("is the only way for a folder without tools", async () => {
    const report = await look({ agent: "3.6.5" }, {}, { kind: "folder", url: undefined });
    expect(report.sources.map(({ url }) => url)).toEqual(["https://streams.canonical.com/juju/tools"]);
    expect(report.internet.asked).toBe(true);
  });
});

const NEWEST: LookupInquiry = { agent: "4.0.15-ubuntu-amd64" };

/** The warnings where the tarball is answered like that. */
async function codes(answer: Site[string], inquiry = NEWEST): Promise<string[]> {
  const version = inquiry.agent?.split("-", 1)[0] ?? "";
  const site = { ...unsignedSite(UBUNTU), [`agent/${version}.tgz`]: answer };
  return (await look(inquiry, site)).warnings.map(({ code }) => code);
}

async function downloader(inquiry: LookupInquiry): Promise<string | undefined> {
  return (await look(inquiry, unsignedSite(UBUNTU))).chosen?.agents[0]?.download.by;
}

describe("Warnings about tarballs", () => {
  test("none for one that every controller takes", async () => {
    expect(await codes(TARBALL)).toEqual([]);
  });

  test("a redirect, a coding, a wrong length, a missing file, a type that 4.x refuses", async () => {
    const type = "application/x-gzip";
    expect(await codes({ status: 302, headers: { location: "http://x" } })).toEqual(["tarball-redirect"]);
    expect(await codes({ headers: { "content-type": type, "content-encoding": "gzip" } })).toEqual([
      "tarball-encoding",
    ]);
    expect(await codes({ headers: { "content-type": type, "content-length": "4" } })).toEqual([
      "tarball-size",
    ]);
    expect(await codes({ status: 404 })).toEqual(["tarball-missing"]);
    expect(await codes({ headers: { "content-type": "application/octet-stream" } })).toEqual([
      "tarball-type",
    ]);
    expect(await codes({ headers: {} }, { agent: "3.6.5-ubuntu-amd64" })).toEqual([]);
  });

  test("says who fetches it", async () => {
    expect(await downloader({ agent: "3.6.5" })).toBe("machine");
    expect(await downloader({ agent: "3.6.5", for: "upgrade" })).toBe("controller");
  });
});

describe("Warnings about metadata", () => {
  test("a size in quotes makes the whole file unreadable", async () => {
    const site = unsignedSite(UBUNTU);
    const { path, products } = documents(UBUNTU);
    const report = await look({ agent: "3.6.5" }, { ...site, [path]: products.replaceAll(":3", ':"3"') });
    expect(report.warnings[1]).toMatchObject({ code: "metadata-unreadable" });
    expect(report.warnings[1]?.message).toContain("size is a text, not a whole number");
  });

  test("mirrors name whom they send away", async () => {
    const mirrors = JSON.stringify({
      mirrors: {
        "com.ubuntu.juju:released:agents": [
          {
            datatype: "content-download",
            path: "cpc.json",
            clouds: [{ region: "us-east-1", endpoint: "https://x" }],
          },
        ],
      },
    });
    const report = await look(
      { agent: "3.6.5" },
      { ...unsignedSite(UBUNTU), "streams/v1/mirrors.json": mirrors },
    );
    expect(report.warnings).toMatchObject([{ code: "mirrors-elsewhere" }]);
    expect(report.warnings[0]?.message).toContain("us-east-1");
  });

  test.for([403, 500])("status %i is told", async (status) => {
    const report = await look(
      { agent: "3.6.5" },
      { ...unsignedSite(UBUNTU), "streams/v1/index2.sjson": { status } },
    );
    expect(report.outcome).toBe("found");
    expect(report.warnings.map(({ code }) => code)).toEqual(["metadata-status"]);
    expect(report.steps[0]).toMatchObject({ status, attempts: 3, result: "failed" });
  });
});

describe("An inquiry", () => {
  test.for<[LookupInquiry, string]>([
    [{}, "Name what to look up"],
    [{ agent: "ubuntu" }, '"ubuntu" is neither an agent nor a version'],
    [{ agent: "3.6.5", version: "3.6.6" }, "already names the version"],
    [{ version: "3.6.5", majorMinor: "3.6" }, "are mutually exclusive"],
    [{ client: "3.6" }, '--client: "3.6" is not a Juju release'],
    [{ juju: "new" }, '--juju: "new" is not a Juju release'],
    [{ juju: "3.6", os: "ubunto" }, '--os: "ubunto" is not accepted'],
    [{ juju: "3.6", series: "focal" }, "by OS type, not by series"],
    [{ juju: "2.8", os: "ubuntu" }, "by series"],
    [{ juju: "4.0", stream: "mine" }, "four streams only"],
    [{ juju: "3.6", for: "fun" }, "--for"],
    [{ juju: "3.6", arch: "AMD 64" }, "--arch"],
    [{ juju: "3.6", region: "x" }, "a region and an endpoint"],
  ])("%o is refused: %s", ([inquiry, message]) => {
    expect(() => readInquiry(inquiry)).toThrow(message);
  });

  test("of a client alone looks for its own version, of a minor for any of it", () => {
    expect(readInquiry({ client: "3.6.9" }).filter.number).toMatchObject({ major: 3, minor: 6, patch: 9 });
    expect(readInquiry({ juju: "3.6" }).filter).toEqual({ major: 3, minor: 6 });
    expect(readInquiry({ client: "3.6.9", for: "upgrade" }).filter).toEqual({ major: 3, minor: 6 });
  });
});
