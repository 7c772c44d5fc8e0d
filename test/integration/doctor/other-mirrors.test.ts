/** Another jam that has this mirror as its upstream is a client whose failures are named, and never a controller. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askDoctor } from "../../helpers/doctor.ts";
import { judgedMirror, type JudgedMirror } from "../../helpers/judged-mirror.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: JudgedMirror;

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.27", "4.0.15"], arches: ["amd64"], oses: ["ubuntu"] });
  mirror = await judgedMirror(upstream, { select: [{ stream: "released", versions: "3.6.27" }] });
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** Another mirror that reads from here, at this path. */
function otherAt(path: string, keyring: string): Promise<TestMirror> {
  const upstreams = [{ name: "near", url: `${mirror.url}${path}`, keyring }];
  return temporaryMirror(upstream, { upstreams, fetch: { retries: 0, idleTimeout: "PT5S" } });
}

/** A line of an access log. */
function line(path: string, status: number, agent: string): string {
  return `10.0.0.9 - - [30/Nov/2026:10:00:00 +0000] "GET ${path} HTTP/1.1" ${status} 10 "-" "${agent}"\n`;
}

async function logOf(action: () => Promise<unknown>): Promise<string> {
  const before = mirror.log().length;
  await action();
  await pause(100);
  return mirror.log().slice(before);
}

test("a sync that works is a note, and no controller came", async () => {
  await using other = await otherAt("/tools/", "none");
  const log = await logOf(async () => expect((await other.sync()).outcome).toBe("updated"));
  const found = await askDoctor(mirror.mirror, { "ok.log": log }, "ok.log");
  expect(found.wrong).toEqual(["never-came"]);
  expect(found.of("other-mirror")).toMatchObject([{ severity: "note", clients: ["127.0.0.1"] }]);
  expect(found.of("other-mirror")[0]?.found).toContain("another jam mirror (jam/");
  expect(found.document.requests).toMatchObject({ juju: 0, jam: 0, clients: 0, lookups: 0, downloads: 0 });
  expect(found.document.requests?.mirrors).toBeGreaterThan(2);
});

test.for([
  ["/tools/", "key.asc", "got 404 for the index", /not signed.*keyring: none/],
  ["/tools/tools/", "none", "got 404 for the index", /correct the url of this upstream/],
  ["/channel/spare/tools/", "none", "for the index", /that channel does not exist/],
  ["/upstream/tools/", "key.asc", "JAM_FACE_INCOMPLETE", /the address that ends in \/tools/],
] as const)(
  "a sync of %s with keyring %s fails, and says how to mend it",
  async ([path, keyring, what, next]) => {
    await using other = await otherAt(path, keyring);
    const log = await logOf(() => expect(other.sync()).rejects.toThrow());
    const found = await askDoctor(mirror.mirror, { "bad.log": log }, "bad.log");
    expect(found.wrong).toEqual(["never-came", "other-mirror-failed"]);
    expect(found.of("other-mirror-failed")[0]?.found).toContain(what);
    expect(found.of("other-mirror-failed")[0]?.next).toMatch(next);
  },
);

test("what a web server in front answers to it is named: refused, unavailable, a tarball that is not here", async () => {
  const tarball = "/tools/agent/3.6.1/juju-3.6.1-linux-amd64.tgz";
  const log = [
    line("/tools/streams/v1/index2.json", 403, "jam/1.2.0"),
    line("/tools/streams/v1/index2.json", 503, "jam/1.2.0"),
    line(tarball, 404, "jam/1.2.0"),
    line(tarball, 404, "Go-http-client/1.1 (jam verify)"),
    line("/tools/streams/v1/index2.json", 503, "jam/1.2.0 (jam verify)"),
  ].join("");
  const file = join(mirror.mirror.folder, "front.log");
  await appendFile(file, log);
  const found = await askDoctor(mirror.mirror, {}, "front.log");
  expect(found.of("other-mirror-failed").map((one) => one.found)).toEqual([
    "another jam mirror (jam/1.2.0) got 403 for the index",
    "another jam mirror (jam/1.2.0) got 503 for the index",
    "another jam mirror (jam/1.2.0) got 404 for tarballs",
  ]);
  expect(found.of("other-mirror-failed")[2]?.next).toBe("jam explain 3.6.1");
  expect(found.document.requests).toMatchObject({ total: 5, jam: 2, mirrors: 3, juju: 0 });
  expect(found.wrong).toEqual(["never-came", "other-mirror-failed"]);
});
