/** Listings as Juju of every generation prints them, and what is true of the fleets that they tell of. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeText } from "../../../src/shared/decode-text.ts";
import type { Fleet, FleetModel } from "../../../src/upgrade/fleet/fleet.ts";
import { FleetReader } from "../../../src/upgrade/fleet/read-fleet.ts";

const SAMPLES = resolve(import.meta.dirname, "../../fixtures/fleets");

type Fields = Readonly<Record<string, unknown>>;

interface ExpectedModel extends Fields {
  readonly name: string;
  readonly uuid: string | null;
  readonly version: string | null;
  readonly machines?: readonly Fields[];
  readonly units?: readonly Fields[];
}

interface ExpectedFile {
  readonly read: boolean | "take-or-name";
  readonly machines?: readonly Fields[];
  readonly units?: readonly Fields[];
  readonly "set-to"?: string;
}

interface Expected {
  readonly about: string;
  readonly files: Readonly<Record<string, ExpectedFile>>;
  readonly controllers: readonly (Fields & { readonly names: readonly string[]; readonly jaas?: true })[];
  readonly models: readonly ExpectedModel[];
}

const folders = readdirSync(SAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

function expectedOf(folder: string): Expected {
  return JSON.parse(readFileSync(join(SAMPLES, folder, "expected.json"), "utf8")) as Expected;
}

async function readSamples(folder: string, names: readonly string[]): Promise<Fleet> {
  const reader = new FleetReader();
  for (const name of names) {
    const decoded = decodeText(await readFile(join(SAMPLES, folder, name)));
    if (!("text" in decoded)) throw new Error(`${name} is ${decoded.binary}`);
    reader.add({ name, content: decoded, isNamed: true });
  }
  return reader.fleet();
}

/** Only what the expectation names; what no file tells is undefined with us and null there. */
function machinesOf({ machines }: FleetModel): Fields[] | undefined {
  return machines?.map((one) =>
    defined({
      id: one.id,
      version: one.version ?? null,
      arch: one.arch ?? null,
      base: one.base,
      state: one.state,
      message: one.message,
      life: one.life === "alive" ? undefined : one.life,
      manual: one.isManual ? true : undefined,
      "controller-node": one.isControllerNode ? true : undefined,
    }),
  );
}

function unitsOf({ units }: FleetModel): Fields[] | undefined {
  return units?.map((one) =>
    defined({
      name: one.name,
      machine: one.machine ?? null,
      version: one.version ?? null,
      state: one.state,
      message: one.message,
      "upgrading-from": one.upgradingFrom,
    }),
  );
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What is true of samples and is in none of their listings. */
const NOT_TOLD: Readonly<Record<string, (expected: Fields) => Fields>> = {
  // A constraint is the only sign of an architecture.
  "18-never-started machine 1": (machine) => ({ ...without(machine, "constraints"), arch: "arm64" }),
  // Nothing of a unit is printed that could not be read.
  "20-status-error unit a/2": (unit) => ({ ...unit, machine: null }),
  // No status prints the life of a unit.
  "12-dying unit old/0": (unit) => without(unit, "life"),
};

function without(fields: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}

function told(folder: string, kind: "machine" | "unit", expected: readonly Fields[]): Fields[] {
  return expected.map((one) => {
    const adapt = NOT_TOLD[`${folder} ${kind} ${String(one["id"] ?? one["name"])}`];
    return adapt === undefined ? one : adapt(one);
  });
}

const byName = (a: Fields, b: Fields) =>
  String(a["id"] ?? a["name"]).localeCompare(String(b["id"] ?? b["name"]));

function expectAgents(folder: string, model: FleetModel, expected: ExpectedModel | ExpectedFile): void {
  if (expected.machines !== undefined) {
    const machines = told(folder, "machine", expected.machines);
    expect(machinesOf(model)?.toSorted(byName)).toEqual(machines.toSorted(byName));
  }
  if (expected.units !== undefined && model.units !== undefined) {
    expect(unitsOf(model)?.toSorted(byName)).toEqual(told(folder, "unit", expected.units).toSorted(byName));
  }
}

/** Folders of which no file is a listing. */
const NO_FLEETS = new Set(["31-not-a-listing", "34-juju-1.25"]);

const isStepByStep = (folder: string) => expectedOf(folder).about.includes("Give one file at a time");

describe.for(folders.filter((folder) => !isStepByStep(folder) && !NO_FLEETS.has(folder)))("%s", (folder) => {
  const expected = expectedOf(folder);
  const files = Object.entries(expected.files).flatMap(([name, { read }]) => (read === false ? [] : [name]));

  test("is read as what it is", async () => {
    const fleet = await readSamples(folder, files);
    for (const one of expected.controllers) {
      const found = fleet.controllers.find(({ uuid, names }) =>
        one["uuid"] === null ? names.includes(one.names[0] ?? "") : uuid === one["uuid"],
      );
      expect(found).toMatchObject({ names: one.names, isJaas: one.jaas ?? false });
      expect(found?.version ?? null).toBe(one["version"]);
    }
    expect(fleet.models).toHaveLength(expected.models.length);
    for (const model of expected.models) expectModel(folder, fleet, model);
  });
});

function expectModel(folder: string, fleet: Fleet, expected: ExpectedModel): void {
  const found = fleet.models.find(({ uuid, name, version }) =>
    expected.uuid === null
      ? name === expected.name && (version ?? null) === expected.version
      : uuid === expected.uuid,
  );
  if (found === undefined) throw new Error(`there is no model ${expected.name}`);
  // Of each field either nothing is told, or what is true.
  for (const key of ["version", "type", "owner", "life"] as const) {
    expect(found[key] ?? expected[key], key).toBe(expected[key]);
  }
  expect(found.isMigrating ?? false).toBe(expected["migrating"]);
  const { controller } = found;
  if (expected["controller"] !== null) {
    expect([controller?.uuid, ...(controller?.names ?? [])]).toContain(expected["controller"]);
  }
  expectAgents(folder, found, expected);
}

describe.for(folders.filter(isStepByStep))("%s", (folder) => {
  const { files } = expectedOf(folder);

  test.for(Object.entries(files))("%s shows every agent as it is", async ([name, expected]) => {
    const { models } = await readSamples(folder, [name]);
    expect(models).toHaveLength(1);
    const [model] = models;
    if (model === undefined) throw new Error("no model");
    expect(model.version).toBe(expected["set-to"]);
    expectAgents(folder, model, expected);
  });
});

test("1,000 machines and 3,000 units are all there", async () => {
  const { models } = await readSamples("22-large", ["status.json"]);
  const [{ machines = [], units = [] } = {}] = models;
  expect([machines.length, units.length]).toEqual([1000, 3000]);
  expect(machines.filter(({ state }) => state === "down")).toHaveLength(11);
  expect(machines.filter(({ version }) => version === "3.6.9")).toHaveLength(17);
  expect(units.filter(({ state }) => state === "lost")).toHaveLength(33);
  expect(machines.filter(({ arch }) => arch === "arm64")).toHaveLength(250);
  expect(machines.filter(({ base }) => base === "ubuntu@24.04")).toHaveLength(200);
});

describe("what is not a listing is refused with what it is", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["31-not-a-listing", "empty-object.json", "is an empty object"],
    ["31-not-a-listing", "error.txt", "controller prod-old not found"],
    [
      "31-not-a-listing",
      "tabular.txt",
      "is the tabular output of juju status, which does not contain the versions of agents: --format json",
    ],
    ["31-not-a-listing", "oneline.txt", "oneline output"],
    ["31-not-a-listing", "summary.txt", "summary output"],
    ["31-not-a-listing", "models.txt", "the tabular output of juju models"],
    ["31-not-a-listing", "controllers.txt", "the tabular output of juju controllers"],
    ["31-not-a-listing", "cut.json", "is cut off: its JSON ends too early"],
    ["31-not-a-listing", "api.json", "the answer of the API (agent-status)"],
    ["31-not-a-listing", "empty.json", "is empty"],
    ["30-machines", "machines.txt", "the tabular output of juju machines"],
    ["33-file-names", "README.txt", 'is a text, not one of Juju\'s listings: "Taken on Monday."'],
    ["34-juju-1.25", "status.yaml", "Juju 1.x (1.25.13, trusty, xenial, amd64, arm64)"],
  ];

  test("every sample that is not to be read is tried", () => {
    const refused = folders.flatMap((folder) =>
      Object.entries(expectedOf(folder).files)
        .filter(([name, { read }]) => read === false && !name.startsWith("."))
        .map(([name]) => `${folder}/${name}`),
    );
    expect(cases.map(([folder, name]) => `${folder}/${name}`).toSorted()).toEqual(refused.toSorted());
  });

  test.for(cases)("%s/%s", async ([folder, name, message]) => {
    await expect(readSamples(folder, [name])).rejects.toMatchObject({
      code: "JAM_FLEET_INVALID",
      message: expect.stringContaining(message) as string,
    });
  });

  test("text around a listing does no harm, and is named", async () => {
    const fleet = await readSamples("31-not-a-listing", ["noise-before.json"]);
    expect(fleet.models).toMatchObject([{ label: "prod:web" }]);
    expect(fleet.notes.join()).toContain("WARNING cannot refresh the list of models");
  });
});
