import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startUpstream } from "../../helpers/upstream.ts";

const TREE = {
  releases: ["3.6.26", "3.6.27", "4.0.15"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
} as const;
const CACHE = { mode: "cache", fetch: { retries: 0, idleTimeout: "PT5S" } } as const;

const run = async (mirror: TestMirror, ...args: string[]) => {
  const { status, stdout, stderr } = await mirror.here(...args, "-o", "json");
  return { status, stderr, document: JSON.parse(stdout === "" ? "{}" : stdout) as Record<string, unknown> };
};

const heldOf = async (mirror: TestMirror) => {
  const { document } = await run(mirror, "list");
  return (document["agents"] as { version: string; arch: string; held: string }[]).map(
    ({ version, arch, held }) => `${version} ${arch} ${held}`,
  );
};

test("versions, agents and plans are fetched now, kept by later syncs, and nothing else is", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await temporaryMirror(upstream, CACHE);
  const planned = await run(mirror, "warm", "3.6.27", "--dry-run");
  expect(planned.status).toBe(0);
  expect(JSON.stringify(planned.document)).toContain("3.6.27-ubuntu-arm64");
  expect(upstream.requests.filter((line) => line.includes(".tgz"))).toEqual([]);

  const warmed = await run(mirror, "warm", "3.6.27", "4.0.15-ubuntu-amd64");
  expect([warmed.status, warmed.document["outcome"]]).toEqual([0, "updated"]);
  const three = ["3.6.27 amd64 planned", "3.6.27 arm64 planned", "4.0.15 amd64 planned"];
  expect(await heldOf(mirror)).toEqual(three);
  expect((await run(mirror, "warm", "3.6", "--arch", "amd64")).document["fetched"]).toMatchObject({
    agents: 1,
  });
  expect((await run(mirror, "sync")).status).toBe(0);
  expect(await heldOf(mirror)).toEqual(["3.6.26 amd64 planned", ...three]);

  const { stdout } = await mirror.here(
    "plan",
    "--from",
    "3.6.26",
    "--to",
    "4.0.15",
    "--arch",
    "arm64",
    "-o",
    "json",
  );
  await writeFile(join(mirror.folder, "plan.json"), stdout);
  expect((await run(mirror, "warm", "--plan", "plan.json")).status).toBe(0);
  expect((await run(mirror, "ready", "--plan", "plan.json")).document["missing"]).toEqual([]);
  expect(await heldOf(mirror)).toContain("4.0.15 arm64 planned");
  expect((await run(mirror, "warm", "--plan", "plan.json")).document["outcome"]).toBe("unchanged");
});

test("a fleet is warmed for what it runs and for the version to upgrade to", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await temporaryMirror(upstream, CACHE);
  const status = {
    model: { name: "shop", type: "iaas", controller: "site", cloud: "lab", version: "3.6.26" },
    machines: {
      0: {
        "juju-status": { current: "started", version: "3.6.26" },
        hardware: "arch=amd64",
        base: { name: "ubuntu", channel: "22.04" },
      },
    },
    applications: {},
  };
  await writeFile(join(mirror.folder, "status.json"), JSON.stringify(status));
  const { status: exit, stderr } = await run(mirror, "warm", "--fleet", "status.json", "3.6.27");
  expect([exit, stderr]).toEqual([0, expect.any(String)]);
  expect(await heldOf(mirror)).toEqual(
    expect.arrayContaining(["3.6.26 amd64 planned", "3.6.27 amd64 planned"]),
  );
});

test.for([
  [["warm"], 2, "JAM_USAGE_INVALID"],
  [["warm", "3.6.27", "--plan", "x"], 2, "JAM_USAGE_INVALID"],
  [["warm", "--fleet", "x", "3.6.27", "4.0.15"], 2, "JAM_USAGE_INVALID"],
  [["warm", "3.9.9"], 5, "JAM_AGENT_NOT_FOUND"],
] as const)("%j ends with %d", async ([args, status, code]) => {
  await using upstream = await startUpstream({ ...TREE, releases: ["3.6.27"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream, CACHE);
  expect(await run(mirror, ...args)).toMatchObject({ status, document: { error: { code } } });
});

test("nothing is fetched in offline mode, or while upstream is away", async () => {
  await using upstream = await startUpstream({ ...TREE, releases: ["3.6.27"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream, CACHE);
  upstream.fault(/^/, { kind: "status", status: 503 });
  expect((await run(mirror, "warm", "3.6.27")).status).toBe(9);
  upstream.clearRequests();
  await mirror.configure({ mode: "offline" });
  expect(await run(mirror, "warm", "3.6.27")).toMatchObject({
    status: 7,
    document: { error: { code: "JAM_OFFLINE" } },
  });
  expect(upstream.requests).toEqual([]);
});
