/** What operators meet in the field: each condition and its siblings, through the whole program. */
import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jamHere } from "../helpers/jam-here.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const CASES = resolve(import.meta.dirname, "../fixtures/fleet-cases");
const RELEASES =
  "2.9.42 2.9.52 2.9.60 3.1.5 3.1.10 3.5.1 3.5.4 3.5.7 3.6.5 3.6.8 3.6.9 3.6.11 3.6.12 3.6.20 3.6.23 4.0.15";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  const releases = RELEASES.split(" ");
  upstream = await startUpstream({ releases, arches: ["amd64"], oses: ["ubuntu"], tarballBytes: 600 });
  mirror = await temporaryMirror(upstream, { select: [{ stream: "released", arch: ["amd64"] }] });
  await cp(CASES, mirror.folder, { recursive: true });
  expect((await mirror.sync()).outcome).toBe("updated");
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** A command, its exit status, what it says, and what it must not say. */
type Case = readonly [command: string, status: number, says: readonly RegExp[], never?: RegExp];

function tryAll(cases: readonly Case[]): void {
  test.for(cases)("jam %s", async ([command, status, says, never]) => {
    const ran = await jamHere(mirror.folder, command.split(" "));
    const text = `${ran.stdout}${ran.stderr}`;
    for (const one of says) expect(text).toMatch(one);
    if (never !== undefined) expect(text).not.toMatch(never);
    expect(ran.status, text).toBe(status);
  });
}

describe("Ubuntu releases that a source refuses", () => {
  const at = "plan --fleet refused-ubuntu/sibling";
  tryAll([
    [
      "plan --fleet refused-ubuntu/fleet --to 3.6.9",
      0,
      [/2\.9\.52 → 2\.9\.60, in place/, /2\.9\.53 and later accept them/],
    ],
    [`${at}-2.9.42-ubuntu24.04-to-3.6.20.json --to 3.6.20`, 0, [/2\.9\.42 → 2\.9\.60/, /may refuse/]],
    [`${at}-2.9.52-ubuntu20.04-to-3.6.9.json --to 3.6.9`, 0, [/2\.9\.52 → 2\.9\.60/, /Ubuntu 20\.04/]],
    [`${at}-3.1.5-ubuntu24.04-to-3.1.10.json --to 3.1.10`, 0, [/machine 0 \(noble\)/]],
    [
      `${at}-3.5.1-ubuntu24.04-to-3.5.7.json --to 3.5.7`,
      0,
      [/FOUND .*Ubuntu/, /machine 0 \(noble\)/, /Move the units/],
      /upgrade the controller within its minor first/,
    ],
    [`${at}-3.6.5-ubuntu20.04-to-3.6.12.json --to 3.6.12`, 0, [/3\.6\.5 → 3\.6\.12/], /\(focal\)/],
    [
      "ready --fleet refused-ubuntu/sibling-3.5.1-ubuntu24.04-to-3.5.7.json --to 3.5.7",
      5,
      [/machine 0 \(noble\)/],
    ],
  ]);
});

describe("a node of the controller that is down", () => {
  tryAll([
    ["plan --fleet node-down/fleet --to 3.6.12", 0, [/MAYBE .*replica set/, /machine 2 \(down\)/]],
    ["ready --fleet node-down/fleet --to 3.6.12", 3, [/machine 2 \(down\)/, /unit controller\/2 \(lost\)/]],
    ["ready --fleet node-down/fleet", 3, [/machine 2 \(down\)/]],
    ["ready --fleet node-down/fleet --to 3.6.5", 3, [/fleet-health/, /machine 2 \(down\)/]],
    ["upgraded --to 3.6.8 node-down/fleet", 3, [/4 of 6 agents/, /2 not-reachable/]],
  ]);
});

describe("upgrade steps that fail after the new version is reported", () => {
  tryAll([
    ["upgraded failed-steps/failed-upgrade.json", 3, [/^failed /m, /giving up/, /1 not-reachable/]],
    ["upgraded failed-steps/sibling-upgrading.json", 3, [/^in-progress /m, /upgrading to 3\.6\.9/]],
    ["upgraded failed-steps/sibling-unit-failed.json", 3, [/unit +a\/0/, /unit +a\/1/]],
  ]);
});

describe("what a migration is refused for", () => {
  const to = "--to 3.6.20";
  tryAll([
    [
      `plan --fleet migration-obstacles/fleet ${to}`,
      0,
      [
        /machine 2 \(provisioning error\)/,
        /machine 1 \(down\)/,
        /application gone \(dying\)/,
        /unit a\/1 \(lost\)/,
      ],
    ],
    [`ready --fleet migration-obstacles/fleet ${to}`, 5, [/machine-not-started/, /unit-not-idle/]],
    [`ready --fleet migration-obstacles/sibling-down ${to}`, 5, [/machine 1 \(down\)/]],
    [`ready --fleet migration-obstacles/sibling-dying ${to}`, 5, [/machine 0 \(dying\)/]],
    [`ready --fleet migration-obstacles/sibling-unit-upgrading ${to}`, 5, [/unit a\/0/]],
    [
      `ready --fleet migration-obstacles/sibling-controller-node-down ${to}`,
      5,
      [/controller machine 1 \(down\)/],
    ],
    ["ready --fleet migration-obstacles/sibling-to-4.0 --to 4.0.15", 5, [/machine 1 \(down\)/]],
    ["ready --fleet migration-obstacles/sibling-down --to 3.5.7", 3, [/fleet-health/, /machine 1 \(down\)/]],
  ]);
});

describe("a controller without an application of its own", () => {
  tryAll([
    [
      "plan --fleet no-controller-application/fleet --to 3.6.23",
      0,
      [/FOUND .*no application named controller/, /3\.6\.24/],
    ],
    ["ready --fleet no-controller-application/fleet --to 3.6.23", 5, [/controller-application-missing/]],
    [
      "plan --fleet no-controller-application/fleet --to 3.6.12",
      0,
      [/3\.6\.12/],
      /no application named controller/,
    ],
  ]);
});

describe("what runs today and is not held", () => {
  const at = "running-not-held";
  tryAll([
    [`ready --fleet ${at}/steady-arm64.json`, 5, [/3\.6\.11-ubuntu-arm64 not held/, /No upstream listed/]],
    [`ready --fleet ${at}/steady-newer.json`, 5, [/3\.6\.27-ubuntu-amd64 not held/]],
    [
      `plan --fleet ${at}/steady-arm64.json --to 3.6.11`,
      0,
      [/neither this mirror nor upstream has them/],
      /no controller reaches it/,
    ],
    [`upgraded ${at}/manual.json`, 3, [/added manually/], /retry-provisioning/],
    [
      `upgraded ${at}/provisioning-error.json`,
      3,
      [
        /container +0\/lxd\/0 +- +not-started +down +no matching agent binaries available/,
        /jam list 3\.6\.9 +# the mirror has to hold it for amd64/,
      ],
      /retry-provisioning -m prod:w 0\/lxd\/0/,
    ],
  ]);
});

describe("an architecture that upstream does not list", () => {
  const never = /with a rule in `select`/;
  tryAll([
    [
      "which 3.6.9 --arch s390x",
      0,
      [/Upstream listed 3\.6\.\d+ for amd64 at the last sync, not for s390x/],
      never,
    ],
    [
      "which 3.6.9 --arch amd64,riscv64",
      0,
      [/Upstream listed 3\.6\.\d+ for amd64 at the last sync, not for riscv64/],
    ],
    ["which --bootstrap --client 3.6.9 --arch s390x", 0, [/for s390x/], never],
    ["which 3.6.9 --to 3.6.10", 5, [/Upstream listed no 3\.6\.10 in released at the last sync/], never],
  ]);
});

describe("a fleet that no plan can be made for", () => {
  tryAll([
    [
      "plan --fleet jaas-several-uuids --to 3.6.20",
      2,
      [/is JAAS/, /files of each controller/],
      /no controller reaches it/,
    ],
    ["upgraded text-and-errors/empty-object.json", 2, [/empty object/]],
    ["upgraded text-and-errors/error-text.json", 2, [/contains an error message of Juju/]],
    ["upgraded text-and-errors/tabular.txt", 2, [/tabular output/, /--format json/]],
    ["plan --fleet full-status-of-the-api/status.json --to 3.6.20", 2, [/answer of the API/]],
    ["upgraded juju-1/status.yaml", 2, [/Juju 1\.x/, /--from 1\.25\.3 --series trusty/]],
    ["upgraded windows-encodings/status-utf16.json", 0, [/^done /m]],
  ]);
});

test("a plan tells controllers of one name apart by UUID, with every name that clients have", async () => {
  const fleet = "two-controllers-one-name/models";
  const { stdout } = await jamHere(mirror.folder, ["plan", "--fleet", fleet, "--to", "3.6.20", "-o", "json"]);
  const { controllers } = JSON.parse(stdout) as { controllers: object[] };
  expect(controllers).toMatchObject([
    { uuid: "aaaaaaaa-0000-4000-8000-00000000000a", names: ["localhost-localhost"], from: "3.6.9" },
    { uuid: "bbbbbbbb-0000-4000-8000-00000000000b", names: ["localhost-localhost"], from: "2.9.42" },
  ]);
});
