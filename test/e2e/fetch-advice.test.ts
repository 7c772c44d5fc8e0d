/** Advice on getting agents here never leads to what upstream does not have. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  const tree = await buildSampleTree({
    releases: ["2.9.60", "3.6.0", "3.6.9", "3.6.11", "4.0.13"],
    arches: ["amd64", "s390x"],
    oses: ["ubuntu"],
    streams: ["released"],
  });
  const uneven = await tree.withEdited(AGENTS, (document) => {
    const products = document["products"] as Record<
      string,
      { versions: Record<string, { items: Record<string, object> }> }
    >;
    for (const [id, { versions }] of Object.entries(products)) {
      if (!id.endsWith(":s390x")) continue;
      for (const { items } of Object.values(versions)) {
        for (const name of Object.keys(items)) if (/^(?:3\.6\.11|4\.0)/.test(name)) delete items[name];
      }
    }
    return document;
  });
  upstream = await startUpstream({ tree: uneven });
  mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: ">=3.6", arch: ["amd64", "s390x"] }],
    deny: [{ version: "3.6.0", reason: "breaks us" }],
  });
  await mirror.sync();
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** All that a command says, in one line. */
async function said(...words: string[]): Promise<string> {
  const { stdout, stderr } = await mirror.jam(...words);
  return `${stdout}${stderr}`.replaceAll(/\s+/g, " ");
}

describe("an architecture that upstream does not have is not to be synced:", () => {
  test.for<[words: string, advice: string]>([
    ["which 4.0.12 --arch amd64,s390x", "listed 4.0.13 for amd64 at the last sync, not for s390x"],
    ["which 3.6.9 --arch s390x", "The newest 3.6 that it listed for s390x is 3.6.9."],
    ["which --bootstrap --client 3.6.11 --arch s390x", "not for s390x"],
    ["list 3.6.11 --arch s390x", "3.6.11 is held for amd64. Upstream listed 3.6.11 for amd64"],
    ["explain 3.6.11-ubuntu-s390x", "The newest 3.6 that it listed for s390x is 3.6.9."],
    ["explain 4.0.13-ubuntu-s390x --offline", "It listed no 4.0 for s390x."],
    ["ready --from 3.6.9 --to 3.6.11 --arch s390x", "No upstream listed 3.6.11-ubuntu-s390x"],
  ])("jam %s", async ([words, advice]) => {
    const text = await said(...words.split(" "));
    expect(text).toContain(advice);
    expect(text).not.toMatch(/jam sync.*s390x\]/);
  });
});

describe("nor is a version that there is not:", () => {
  test.for([
    "which 3.6.9 --to 3.6.10",
    "which --bootstrap --client 3.6.10",
    "list 3.6.10",
    "explain 3.6.10",
    "plan --from 3.6.9 --to 3.6.10",
  ])("jam %s", async (words) => {
    const text = await said(...words.split(" "));
    expect(text).toMatch(/[Nn]earest(?: are|:) 3\.6\.9.* and 3\.6\.11/);
    expect(text).not.toContain("with a rule in `select`");
  });
});

test("what can be synced is, what is denied is named, and the API says the same", async () => {
  expect(await said("which", "2.9.51", "--to", "2.9.60")).toContain(
    'Run `jam sync` with a rule in `select` of jam.yaml that selects it: { stream: released, versions: "2.9.60" }',
  );
  expect(await said("list", "3.6.0")).toContain("`deny` in jam.yaml excludes it");
  await using server = await startServe(mirror.folder);
  const response = await fetch(`${server.url}/api/v1/which?current=3.6.9&arch=s390x`);
  expect(await response.text()).toContain("The newest 3.6 that it listed for s390x is 3.6.9.");
});

test("a version that a new controller has to be made for is so, held or not", async () => {
  const held = await mirror.jam("which", "2.9.60", "--to", "3.6.11", "-o", "json");
  expect(JSON.parse(held.stdout)).toMatchObject({ decision: "migrate", version: "3.6.11", warnings: [] });
  const denied = await mirror.jam("which", "2.9.60", "--to", "3.6.0", "-o", "json");
  expect(JSON.parse(denied.stdout)).toMatchObject({
    decision: "migrate",
    version: "3.6.0",
    hint: expect.stringMatching(/excludes it.*jam plan --from 2\.9\.60 --to 3\.6\.0/s) as unknown,
    warnings: [],
  });
});

test("an offline mirror is told to import, not to sync", async () => {
  await mirror.configure({ mode: "offline" });
  for (const words of ["which 2.9.51 --to 2.9.60", "list 2.9.60", "explain 2.9.60"]) {
    const text = await said(...words.split(" "));
    expect(text).toContain("import a bundle that has it (`jam bundle import`)");
    expect(text).not.toContain("jam sync");
  }
  await mirror.configure({ mode: "online" });
});
