/** Which controller and model a file tells of, when names do not say. */
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { Fleet } from "../../../src/upgrade/fleet/fleet.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import type { NamedText } from "../../../src/input/read-documents.ts";

const CASES = resolve(import.meta.dirname, "../../fixtures/fleet-cases");
const SAMPLES = resolve(import.meta.dirname, "../../fixtures/fleets");

function filesOf(folder: string): NamedText[] {
  return readdirSync(folder)
    .filter((name) => name !== "expected.json")
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

function controllersOf({ controllers }: Fleet): string[] {
  return controllers.map(({ label, presumedVersion }) => `${label} ${presumedVersion ?? "?"}`);
}

function modelsOf({ models }: Fleet): string[] {
  return models.map(({ label, version }) => `${label} ${version ?? "?"}`);
}

const [A, B] = ["aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"];

interface StatusOptions {
  readonly version?: string;
  readonly controller?: string;
  readonly arch?: string;
  readonly cloud?: string;
  readonly machines?: readonly string[];
}

function status(model: string, options: StatusOptions = {}): string {
  const { version = "3.6.9", controller = "site", arch = "amd64", cloud, machines = ["0"] } = options;
  const machine = {
    "juju-status": { current: "started", version },
    base: { name: "ubuntu", channel: "22.04" },
    hardware: `arch=${arch}`,
  };
  return JSON.stringify({
    model: { name: model, type: "iaas", controller, cloud, version },
    machines: Object.fromEntries(machines.map((id) => [id, machine])),
    applications: {},
  });
}

interface ListOptions {
  readonly controller?: string;
  readonly uuid?: string;
}

/** `juju models` of models written as `OWNER/NAME VERSION`. */
function list(models: readonly string[], { controller = "site", uuid = A }: ListOptions = {}): string {
  return JSON.stringify({
    models: models.map((text, index) => {
      const [name = "", version] = text.split(" ");
      const [owner, short] = name.split("/");
      return {
        name,
        "short-name": short,
        "model-uuid": `${uuid.slice(0, 8)}-${index}`,
        "controller-uuid": uuid,
        "controller-name": controller,
        "is-controller": short === "controller",
        owner,
        "agent-version": version,
      };
    }),
  });
}

function shown(version: string): string {
  return JSON.stringify({ site: { details: { uuid: A, "agent-version": version } } });
}

function fleetOf(files: Readonly<Record<string, string>>): Fleet {
  return readFleet(Object.entries(files).map(([name, text]) => ({ name, text })));
}

describe("two controllers of one name", () => {
  test.for(["models", "show-controller", "sibling-controllers", "sibling-status"])(
    "stay two in files of %s",
    (kind) => {
      const fleet = readFleet(filesOf(join(CASES, "two-controllers-one-name", kind)));
      const versions = fleet.controllers.map(({ presumedVersion }) => presumedVersion);
      expect(new Set(versions)).toEqual(new Set(["2.9.42", "3.6.9"]));
      expect(new Set(fleet.controllers.map(({ label }) => label)).size).toBe(2);
      expect(new Set(fleet.controllers.map(({ name }) => name)).size).toBe(1);
      for (const { version, controller } of fleet.models) {
        if (version !== undefined) expect(version).toBe(controller?.presumedVersion);
      }
      expect(fleet.notes.join()).toMatch(/controllers are called|contradict each other/);
    },
  );

  test("share out statuses by the versions of their models", () => {
    const fleet = fleetOf({
      "a.json": list(["admin/controller 3.6.9", "admin/db 3.6.9"]),
      "b.json": list(["admin/controller 2.9.42", "admin/db 2.9.42"], { uuid: B }),
      "old.json": status("db", { version: "2.9.42", arch: "s390x" }),
      "new.json": status("db"),
    });
    const withMachines = fleet.models.filter(({ machines }) => machines !== undefined);
    expect(withMachines.map(({ label, machines }) => `${label} ${machines?.[0]?.arch}`)).toEqual([
      "site (aaaaaaaa):db amd64",
      "site (bbbbbbbb):db s390x",
    ]);
    expect(fleet.unread).toEqual([]);
  });

  test("do not get a status that fits neither or both, with a note", () => {
    const lists = {
      "a.json": list(["admin/controller 3.6.9", "admin/db 3.6.9"]),
      "b.json": list(["admin/controller 3.6.9", "admin/db 3.6.9"], { uuid: B }),
    };
    for (const version of ["3.6.9", "3.6.4"]) {
      const fleet = fleetOf({ ...lists, "s.json": status("db", { version, arch: "s390x" }) });
      expect(fleet.models.at(-1)).toMatchObject({ controller: undefined, files: ["s.json"] });
      // Its machines still count, and nothing can be called good.
      expect(fleet.models.at(-1)?.machines).toMatchObject([{ arch: "s390x" }]);
      expect(fleet.unread).toMatchObject([{ kind: "unplaced", file: "s.json" }]);
    }
  });
});

describe("one controller", () => {
  test("that clients know by two names is one", () => {
    const fleet = readFleet(filesOf(join(SAMPLES, "27-one-controller-two-names")));
    expect(fleet.controllers).toMatchObject([{ names: ["prod", "prod-via-vpn"], version: "3.6.14" }]);
    expect(fleet.models).toHaveLength(2);
    expect(fleet.notes.join()).toContain("are names of one controller");
  });

  test("with one model name of two owners assigns a status by its version", () => {
    const lists = { "m.json": list(["admin/controller 3.6.14", "ann/web 3.6.9", "bob/web 3.6.14"]) };
    const fleet = fleetOf({ ...lists, "s.json": status("web", { version: "3.6.9", arch: "arm64" }) });
    const found = fleet.models.filter(({ machines }) => machines !== undefined);
    expect(found.map(({ label }) => label)).toEqual(["site:ann/web"]);
    expect(fleet.notes.join()).toContain("s.json contains no UUID and no owner");
  });

  test("with files from different times keeps the status, and names the file that differs", () => {
    const fleet = fleetOf({ "m.json": list(["admin/web 3.6.4"]), "s.json": status("web") });
    expect(modelsOf(fleet)).toEqual(["site:web 3.6.9"]);
    expect(fleet.notes.join()).toMatch(
      /m\.json \(3\.6\.4\) and s\.json \(3\.6\.9\) differ about the version/,
    );
  });

  test("with two different show-controllers has the higher version, and both files are named", () => {
    const fleet = fleetOf({ "mon.json": shown("3.6.4"), "tue.json": shown("3.6.9") });
    expect(controllersOf(fleet)).toEqual(["site 3.6.9"]);
    expect(fleet.notes.join()).toContain("mon.json (3.6.4) and tue.json (3.6.9) contradict each other");
  });
});

describe("files that contradict each other about a model", () => {
  test("without a UUID both count, each for a controller of its own", () => {
    const fleet = readFleet(filesOf(join(SAMPLES, "26-two-statuses-one-place")));
    expect(modelsOf(fleet)).toEqual(["site (berlin.json):db 2.9.42", "site (bonn.json):db 3.6.20"]);
    expect(fleet.notes.join()).toMatch(
      /berlin\.json \(2\.9\.42\), bonn\.json \(3\.6\.20\) all describe site:db/,
    );
  });

  test("a model of one of these files stays with it", () => {
    const fleet = fleetOf({
      "a.json": status("db") + status("web"),
      "b.json": status("db", { version: "2.9.42" }),
    });
    expect(modelsOf(fleet)).toEqual([
      "site (a.json):db 3.6.9",
      "site (a.json):web 3.6.9",
      "site (b.json):db 2.9.42",
    ]);
  });

  test("also in one file", () => {
    const fleet = fleetOf({ "a.json": status("db") + status("db", { arch: "s390x" }) });
    expect(fleet.models.map(({ machines }) => machines?.[0]?.arch)).toEqual(["amd64", "s390x"]);
    expect(new Set(fleet.models.map(({ label }) => label)).size).toBe(2);
  });

  test("with a UUID the one that fits the list counts, and the other is named as not placed", () => {
    const fleet = fleetOf({
      "m.json": list(["admin/web 3.6.9"]),
      "now.json": status("web"),
      "then.json": status("web", { version: "3.6.4" }),
    });
    expect(fleet.models[0]).toMatchObject({ version: "3.6.9", files: ["m.json", "now.json"] });
    expect(fleet.unread).toMatchObject([{ kind: "unplaced", file: "then.json" }]);
  });

  test("two parts of one model do not contradict each other", () => {
    const fleet = fleetOf({
      "a.json": status("web", { machines: ["0", "1"] }),
      "b.json": status("web", { machines: ["1", "2"] }),
    });
    expect(fleet.models).toHaveLength(1);
    expect(fleet.models[0]?.machines?.map(({ id }) => id)).toEqual(["0", "1", "2"]);
  });
});

describe("JAAS", () => {
  test.for(["models.json", "show-controller.json"])("is recognised by %s", (name) => {
    const text = readFileSync(join(SAMPLES, "24-jaas", name), "utf8");
    const fleet = readFleet([{ name, text }]);
    expect(fleet.controllers).toMatchObject([{ name: "jaas", isJaas: true, presumedVersion: undefined }]);
    expect(fleet.notes.join()).toContain("Provide the files of each controller");
  });

  test("is recognised by several controllers with one name in one list", () => {
    const fleet = readFleet(filesOf(join(CASES, "jaas-several-uuids")));
    expect(fleet.controllers.map(({ name, isJaas }) => `${name} ${isJaas}`)).toEqual([
      "jaas-site true",
      "jaas-site true",
    ]);
    expect(fleet.models.filter(({ units }) => units !== undefined)).toHaveLength(2);
  });

  test("is not what a controller is whose own model is listed, whoever owns the others", () => {
    const text = list(["admin/controller 3.6.9", "ann@example.com/web 3.5.4", "ben@example.com/db 3.6.9"]);
    expect(fleetOf({ "m.json": text }).controllers).toMatchObject([{ isJaas: false }]);
  });

  test("is not what a controller is whose nodes are shown", () => {
    const shown = {
      site: { details: { uuid: A, "agent-version": "3.6.9" }, "controller-machines": { 0: {} } },
    };
    const models = list(["ann@example.com/web 3.5.4", "ben@example.com/db 3.6.9"]);
    expect(fleetOf({ "m.json": models }).controllers).toMatchObject([{ isJaas: true }]);
    const fleet = fleetOf({ "m.json": models, "c.json": JSON.stringify(shown) });
    expect(fleet.controllers).toMatchObject([{ isJaas: false, version: "3.6.9" }]);
  });
});

describe("a list of machines", () => {
  const machines = JSON.stringify({
    model: "web",
    machines: { 7: { "juju-status": { current: "started", version: "3.6.9" }, hardware: "arch=arm64" } },
  });

  test("is of the only model of its name", () => {
    const fleet = fleetOf({ "s.json": status("web"), "machines.json": machines });
    expect(fleet.models[0]?.machines?.map(({ id }) => id)).toEqual(["0", "7"]);
  });

  test("is kept separately if two models have that name, and counts as not placed", () => {
    const fleet = fleetOf({ "m.json": list(["ann/web 3.6.9", "bob/web 3.6.9"]), "machines.json": machines });
    expect(fleet.models).toHaveLength(3);
    expect(fleet.unread).toMatchObject([{ kind: "unplaced", file: "machines.json" }]);
  });
});
