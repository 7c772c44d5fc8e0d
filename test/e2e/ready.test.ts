/** `jam ready` over fleets as files, with a real mirror. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReadyDocument } from "../../src/upgrade/ready/ready-document.ts";
import { healthyFleet, type FleetChange } from "../helpers/healthy-fleet.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.9", "3.6.27", "3.6.28"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: ">=3.6.27", arch: ["amd64"] }],
  });
  expect((await mirror.jam("sync", "--quiet")).status).toBe(0);
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

async function aFleet(name: string, version: string, change: FleetChange = {}, files?: string[]) {
  await mkdir(join(mirror.folder, name), { recursive: true });
  for (const file of healthyFleet(version, change, files)) {
    if (!("text" in file)) throw new Error("a healthy fleet is text");
    await writeFile(join(mirror.folder, name, file.name), file.text);
  }
}

async function ready(...args: string[]) {
  const { status, stdout, stderr } = await mirror.jam("ready", ...args, "-o", "json");
  expect(stdout, stderr).not.toBe("");
  return { status, report: JSON.parse(stdout) as ReadyDocument };
}

test("a healthy fleet is ready when what runs and what is to run are held", async () => {
  await aFleet("good", "3.6.27");
  const { status, report } = await ready("--fleet", "good", "--to", "3.6.28", "--deep");
  expect(report.checks.filter((check) => check.status !== "ok")).toEqual([]);
  expect({ status, verdict: report.verdict, ready: report.ready }).toEqual({
    status: 0,
    verdict: "ready",
    ready: true,
  });
  const { stdout } = await mirror.jam("ready", "--fleet", "good", "--to", "3.6.28");
  expect(stdout).toContain("Ready: ");
  expect(stdout).toContain("juju disabled-commands --all -c prod");
});

test("what runs today and is not held makes it not ready, with and without a hop", async () => {
  await aFleet("old", "3.6.9");
  for (const target of ["3.6.28", "3.6.9"]) {
    const { status, report } = await ready("--fleet", "old", "--to", target);
    expect(status).toBe(5);
    const failed = report.checks.filter((check) => check.status === "fail");
    expect(failed.map(({ id }) => id)).toEqual(["running-agents"]);
    expect(failed[0]?.evidence.join()).toContain("3.6.9-ubuntu-amd64 not held");
    expect(failed[0]?.remedy).not.toBe("");
  }
});

test("what no file contains is not known, until a person confirms it", async () => {
  await aFleet("partial", "3.6.27", { controller: { "mongo-version": undefined } });
  const open = await ready("--fleet", "partial", "--to", "3.6.28");
  expect({ status: open.status, verdict: open.report.verdict }).toEqual({ status: 3, verdict: "not-known" });
  expect(open.report.checks[0]).toMatchObject({ id: "mongo-version", status: "unknown" });
  const args = ["--fleet", "partial", "--to", "3.6.28", "--confirm"];
  const confirmed = await ready(...args, "mongo-version");
  expect(confirmed.status).toBe(0);
  const check = confirmed.report.checks.find(({ id }) => id === "mongo-version");
  expect(check).toMatchObject({ status: "ok" });
  expect(check?.confirmedAt).toMatch(/^\d{4}-/);
  const typo = await mirror.jam("ready", ...args, "mongo-versoin");
  expect({ status: typo.status, text: typo.stderr }).toMatchObject({ status: 2 });
  expect(typo.stderr).toContain("Did you mean mongo-version?");
});

test("no confirmation makes a failed check good", async () => {
  await aFleet("down", "3.6.27", {
    machine: { "juju-status": { current: "started", version: "3.6.1" } },
  });
  const { status, report } = await ready("--fleet", "down", "--to", "3.6.28", "--confirm", "agents-lagging");
  expect(status).toBe(5);
  expect(report.checks.find(({ id }) => id === "agents-lagging")?.status).toBe("fail");
});

test("a version that jam does not know is not known, never nothing to do", async () => {
  await aFleet("future", "4.7.3");
  const { status, report } = await ready("--fleet", "future");
  expect(status).not.toBe(0);
  const check = report.checks.find(({ id }) => id === "juju-known");
  expect(check).toMatchObject({ status: "unknown" });
  expect(check?.evidence.join()).toContain("4.7.3");
});
