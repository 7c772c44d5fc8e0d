/** What `jam warm` and `jam sync --plan` say of the agents that they were to fetch. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const TREE = { arches: ["amd64"], oses: ["ubuntu"], streams: ["released"] } as const;
const QUICK = { retries: 0, idleTimeout: "PT1S" };
const tree = await buildSampleTree({ ...TREE, releases: ["3.6.26", "3.6.27", "4.0.15"] });
const less = await buildSampleTree({
  ...TREE,
  releases: ["3.6.26", "3.6.27"],
  key: tree.key,
  now: new Date(Date.now() + 1000),
});

function named(name: string, url: string) {
  return { name, url, keyring: "key.asc" };
}

/** What `juju status` prints of a model of one machine. */
function statusOf(version: string): string {
  return JSON.stringify({
    model: { name: "shop", type: "iaas", controller: "site", cloud: "lab", version },
    machines: {
      0: {
        "juju-status": { current: "started", version },
        hardware: "arch=amd64",
        base: { name: "ubuntu", channel: "22.04" },
      },
    },
    applications: {},
  });
}

async function plannedIn(mirror: TestMirror): Promise<void> {
  const { stdout } = await mirror.here("plan", "--from", "3.6.26", "--to", "4.0.15", "-o", "json");
  await writeFile(join(mirror.folder, "plan.json"), stdout);
}

describe.for(["cache", "online"] as const)("in mode %s", (mode) => {
  const settings = { mode, select: [{ stream: "released", versions: "3.6.26" }], fetch: QUICK };

  test("named agents are requested, not planned; what is held is not fetched again", async () => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream, settings);
    const dry = await mirror.here("warm", "3.6.27", "--dry-run");
    expect(dry.stdout).toMatch(/requested\n\nrequested +1 agent\nto fetch +1 agent, 1 tarball/);
    expect(dry.stdout).not.toMatch(/plan|to remove|selected/);
    const first = await mirror.here("warm", "3.6.27", "4.0.15");
    expect(first.stdout).toMatch(/^Fetched 2 agents from .*: the mirror has the 2 requested agents now\n/);
    expect(first.stdout).toContain("until `jam sync --forget-plans`");
    const second = await mirror.here("warm", "3.6.27");
    expect(second.stdout).toMatch(/^Nothing to fetch: the mirror has the requested agent\n/);
    expect((await mirror.here("warm", "3.6.27", "-n")).stdout).toBe(
      "Nothing to fetch: the mirror has the requested agent.\n",
    );
  });

  test("what upstream withdrew is missing where it is not held, in a dry run too, and held where it is", async () => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream, settings);
    await plannedIn(mirror);
    upstream.publish(less);
    const dry = await mirror.here("sync", "--plan", "plan.json", "--dry-run");
    expect(dry.status).toBe(3);
    expect(dry.stdout).toContain("4.0.15-ubuntu-amd64 is in the plan, but upstream does not list it.");
    expect(dry.stdout).toMatch(
      /requested +2 agents\nto fetch +1 agent.*\nnot available +1 of 2 requested agents\n$/,
    );
    const run = await mirror.here("warm", "--plan", "plan.json");
    expect(run.status).toBe(3);
    expect(run.stdout).toMatch(/^Not complete: 1 of 2 requested agents missing, 1 agent fetched from /);
    expect(run.stdout).toContain("make a new plan");
    expect((await mirror.here("warm", "--plan", "plan.json")).stdout).toMatch(
      /^Not complete: 1 of 2 requested agents missing, none was fetched from /,
    );

    await using other = await temporaryMirror(upstream, settings);
    upstream.publish(tree);
    await plannedIn(other);
    await other.here("warm", "--plan", "plan.json");
    upstream.publish(less);
    const held = await other.here("warm", "--plan", "plan.json");
    expect([held.status, held.stdout.split("\n")[0]]).toEqual([
      0,
      "Nothing to fetch: the mirror has the 2 requested agents",
    ]);
  });

  test("what a fleet runs and no upstream lists is missing, and not called fetched", async () => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream, settings);
    await writeFile(join(mirror.folder, "status.json"), statusOf("3.6.1"));
    for (const flags of [[], ["--dry-run"]]) {
      const { status, stdout } = await mirror.here("warm", "--fleet", "status.json", "3.6.27", ...flags);
      expect(status).toBe(3);
      expect(stdout).toContain("3.6.1-ubuntu-amd64 is needed by the fleet, but upstream does not list it.");
      expect(stdout).toMatch(/1 of 2 requested agents/);
    }
    await writeFile(join(mirror.folder, "status.json"), statusOf("3.6.26"));
    const whole = await mirror.here("warm", "--fleet", "status.json", "3.6.27");
    expect([whole.status, whole.stdout.split(" from ")[0]]).toEqual([0, "Fetched 1 agent"]);
  });

  test("while upstream is down it says which of the agents are held", async () => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream, settings);
    await mirror.here("warm", "3.6.27");
    upstream.fault(/^/, { kind: "status", status: 503 });
    const held = await mirror.here("warm", "3.6.27");
    expect(held.status).toBe(9);
    expect(held.stderr).toContain("The mirror has the requested agent already.");
    const missing = await mirror.here("warm", "3.6.27", "4.0.15-ubuntu-amd64", "--dry-run");
    expect(missing.status).toBe(9);
    expect(missing.stderr).toContain("Not held, of 2 requested agents: 4.0.15-ubuntu-amd64.");
    const unknown = await mirror.here("warm", "3.6.28");
    expect(unknown.status).toBe(9);
    expect(unknown.stderr).toContain('"3.6.28" is neither held nor known from upstream\'s last list');
  });

  test("a tarball that cannot be fetched is missing, and the command to repeat is named", async () => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream, settings);
    upstream.fault(/4\.0\.15.*tgz/, { kind: "status", status: 503 });
    const { status, stdout } = await mirror.here("warm", "3.6.27", "4.0.15");
    expect(status).toBe(3);
    expect(stdout).toMatch(/^Not complete: 1 of 2 requested agents missing, 1 agent fetched/);
    expect(stdout).toContain("run `jam warm` again with the same arguments");
    expect(stdout).not.toMatch(/jam sync` again|Partly updated/);
  });
});

test("a version is found that was released since the last run, or that only a later upstream lists", async () => {
  await using first = await startUpstream({ tree: less });
  await using second = await startUpstream({ tree });
  await using mirror = await temporaryMirror(first, { fetch: QUICK });
  await mirror.configure({ upstreams: [named("first", first.url), named("second", second.url)] });
  await mirror.sync();
  second.fault(/^/, { kind: "status", status: 503 });
  const unread = await mirror.here("warm", "4.0.15");
  expect(unread.status).toBe(5);
  expect(unread.stderr).toContain("second could not be read and may list it");
  second.clearFaults();
  expect((await mirror.here("warm", "4.0.15")).stdout).toMatch(/^Fetched 1 agent /);
  first.publish(
    await buildSampleTree({
      ...TREE,
      releases: ["3.6.26", "3.6.27", "3.6.28"],
      key: tree.key,
      now: new Date(Date.now() + 2000),
    }),
  );
  expect((await mirror.here("warm", "3.6.28")).stdout).toMatch(/^Fetched 1 agent /);
});
