import { expect, test } from "vitest";
import { formatInventory, parseInventory } from "../../../src/bundle/format/inventory.ts";
import { fleetInventory, hasUnknownArches } from "../../../src/bundle/inventory/fleet-inventory.ts";
import { parseJsonObject } from "../../../src/simplestreams/json-text.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import { fleetFiles, fleetStatus } from "../../helpers/example-fleet.ts";

const now = new Date("2026-11-27T20:15:00Z");
const texts = [...fleetFiles()].map(([name, text]) => ({ name, text }));

test("a fleet of 30 models comes down to the versions and architectures that it runs", () => {
  const fleet = readFleet(texts);
  const inventory = fleetInventory(fleet, { assumedArches: ["amd64"], now });
  const text = formatInventory(inventory);
  expect(parseInventory(parseJsonObject(text, "i"), "i")).toEqual(inventory);
  const rows = inventory.versions.map(({ version, release = "?", arch }) => `${version} ${release} ${arch}`);
  expect(rows).toEqual([
    "2.8.13 bionic amd64",
    "2.8.13 focal amd64",
    "2.8.13 win2016 amd64",
    "2.9.12 ubuntu amd64",
    "2.9.42 ? amd64",
    "2.9.42 ubuntu amd64",
    "2.9.42 ubuntu arm64",
    "3.6.0 ubuntu amd64",
    "3.6.5 ? amd64",
    "3.6.5 ubuntu amd64",
    "3.6.5 ubuntu arm64",
    "3.6.26 ubuntu amd64",
    "4.0.13 ubuntu amd64",
  ]);
});

test("no name of the fleet gets into its inventory", () => {
  const fleet = readFleet(texts);
  const text = formatInventory(fleetInventory(fleet, { assumedArches: ["amd64"], now }));
  const names = [
    ...fleet.controllers.flatMap(({ name, uuid }) => [name, uuid ?? name]),
    ...fleet.models.flatMap(({ name, uuid, units = [], applications = [] }) => [
      name,
      uuid ?? name,
      ...units.map((unit) => unit.name),
      ...applications.map((application) => application.name),
    ]),
  ];
  const words = new Set(text.match(/[\w./-]+/g));
  expect(names.filter((name) => words.has(name))).toEqual([]);
  expect(Object.keys(JSON.parse(text) as object)).toEqual(["createdAt", "format", "kind", "versions"]);
});

test("machines that lag behind their model count with both versions", () => {
  const status = JSON.parse(fleetStatus("prod", "web")) as {
    machines: Record<string, { "juju-status": { version: string } }>;
  };
  const [machine] = Object.values(status.machines);
  if (machine !== undefined) machine["juju-status"].version = "2.9.12";
  const fleet = readFleet([{ name: "s.json", text: JSON.stringify(status) }]);
  expect(hasUnknownArches(fleet)).toBe(false);
  const { versions } = fleetInventory(fleet, { assumedArches: [], now });
  expect([...new Set(versions.map(({ version }) => version))]).toEqual(["2.9.12", "2.9.42"]);
});

test("where no file tells an architecture, the assumed ones stand in", () => {
  const models = {
    models: [{ name: "admin/web", "short-name": "web", "controller-name": "prod", "agent-version": "3.6.5" }],
  };
  const fleet = readFleet([{ name: "m.json", text: JSON.stringify(models) }]);
  expect(hasUnknownArches(fleet)).toBe(true);
  const { versions } = fleetInventory(fleet, { assumedArches: ["amd64", "s390x"], now });
  expect(versions).toEqual([
    { version: "3.6.5", arch: "amd64" },
    { version: "3.6.5", arch: "s390x" },
  ]);
});

test("a fleet without versions is refused", () => {
  const fleet = { controllers: [], models: [], notes: [], unread: [], sources: [] };
  expect(() => fleetInventory(fleet, { assumedArches: ["amd64"], now })).toThrow("contain no version");
});

test("units that lag behind their machine count, JAAS does not", () => {
  const machine = { "juju-status": { current: "started", version: "3.6.14" }, hardware: "arch=arm64" };
  const unit = { "juju-status": { current: "failed", version: "3.6.9" }, machine: "0" };
  const status = {
    model: { name: "mon", type: "iaas", controller: "prod", version: "3.6.14" },
    machines: { 0: machine },
    applications: { telegraf: { units: { "telegraf/0": unit } } },
  };
  const jaas = {
    jaas: {
      details: { uuid: "1", "agent-version": "3.6.20", "identity-url": "https://identity.example.com" },
      account: { user: "ann@example.com", access: "login" },
    },
  };
  const fleet = readFleet([
    { name: "s.json", text: JSON.stringify(status) },
    { name: "j.json", text: JSON.stringify(jaas) },
  ]);
  expect(hasUnknownArches(fleet)).toBe(false);
  const { versions } = fleetInventory(fleet, { assumedArches: ["amd64"], now });
  expect(versions.map(({ version, arch }) => `${version} ${arch}`)).toEqual(["3.6.9 arm64", "3.6.14 arm64"]);
});
