import { describe, expect, test } from "vitest";
import { isJamError } from "../../../../src/shared/errors.ts";
import { readFleet } from "../../../../src/upgrade/fleet/read-fleet.ts";
import { fleetFiles, fleetStatus } from "../../../helpers/example-fleet.ts";

const texts = [...fleetFiles()].map(([name, text]) => ({ name, text }));

function failureOf(name: string, text: string): { code: string; message: string } | undefined {
  try {
    readFleet([{ name, text }]);
    return undefined;
  } catch (error) {
    if (!isJamError(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

describe("a fleet of 30 models over four controllers", () => {
  const fleet = readFleet(texts);
  const find = (controller: string, name: string) =>
    fleet.models.find((model) => model.controller?.name === controller && model.name === name);

  test("is joined from lists, details and statuses", () => {
    const versions = fleet.controllers.map(({ name, version }) => `${name} ${version}`);
    expect(versions).toEqual(["edge 3.6.5", "legacy 2.8.13", "next 4.0.13", "prod 2.9.42"]);
    expect(fleet.models).toHaveLength(30);
    expect(fleet.notes).toEqual([]);
  });

  test("knows machines by series or base, containers with their host's architecture", () => {
    expect(find("prod", "db")?.machines).toMatchObject([
      { id: "0", arch: "arm64", series: "jammy", os: "ubuntu" },
      { id: "0/lxd/0", arch: "arm64", series: "jammy" },
      { id: "1" },
    ]);
    expect(find("next", "alpha")?.machines?.[0]).toMatchObject({ series: "noble", version: "4.0.13" });
    expect(find("legacy", "reports")?.machines?.[0]).toMatchObject({ series: "win2016", os: "windows" });
    expect(find("prod", "staging")).toMatchObject({ version: "2.9.42", machines: undefined });
    expect(find("edge", "maps")).toMatchObject({ type: "caas", cloudType: "kubernetes" });
  });

  test("is the same whatever the order of its files", () => {
    const { sources, ...rest } = readFleet(texts.toReversed());
    expect({ ...rest, sources: sources.toReversed() }).toEqual(fleet);
  });
});

test("charm store charms are recognised by their URL or origin", () => {
  const model = readFleet([{ name: "s.json", text: fleetStatus("prod", "queue") }]).models[0];
  expect(model?.applications).toMatchObject([{ name: "rabbit", isFromCharmStore: true }]);
});

test("a base that no table knows keeps its own name", () => {
  const status = JSON.parse(fleetStatus("next", "alpha")) as {
    machines: Record<string, { base: { name: string; channel: string } }>;
  };
  Object.assign(status.machines["0"]?.base ?? {}, { channel: "28.04/stable" });
  const model = readFleet([{ name: "s.json", text: JSON.stringify(status) }]).models[0];
  expect(model?.machines?.[0]).toMatchObject({ series: "ubuntu@28.04/stable", os: "ubuntu" });
});

function ownedModel(owner: string, uuid: string): object {
  return {
    name: `${owner}/web`,
    "short-name": "web",
    "model-uuid": uuid,
    "controller-name": "prod",
    "agent-version": "2.9.42",
    owner,
  };
}

test("one owner's model is not mistaken for another's of the same name", () => {
  const models = JSON.stringify({ models: [ownedModel("anna", "1"), ownedModel("ben", "2")] });
  const fleet = readFleet([
    { name: "m.json", text: models },
    { name: "s.json", text: fleetStatus("prod", "web") },
  ]);
  const known = fleet.models.filter(({ uuid }) => uuid !== undefined);
  expect(known.map(({ machines }) => machines)).toEqual([undefined, undefined]);
  expect(fleet.notes.join()).toContain("several models web");
  // The status is counted separately, and nothing can be called good meanwhile.
  expect(fleet.models.at(-1)).toMatchObject({ name: "web", controller: undefined });
  expect(fleet.unread).toMatchObject([{ file: "s.json" }]);
});

test.for([
  ["", "is empty"],
  [fleetStatus("prod", "web").slice(0, 700), "is cut off"],
  ['{"model": nope}', "is not JSON at line 1, column 11"],
  ["a: [1, 2\nb: }", "is neither JSON nor YAML at line"],
  ['{"format": "jam-plan:1"}', "is a jam plan"],
  ['{"some": "thing", "else": 1}', "not one of Juju's listings (it contains some, else)"],
  ["just words", "not one of Juju's listings"],
  ["[1, 2]", "not one of Juju's listings"],
  [
    '{"model":{"name":"w","version":"9x"},"machines":{},"applications":{}}',
    'model.version: "9x" is not a Juju version',
  ],
  ['{"model":{"name":"w","version":"3.6.5"},"machines":[],"applications":{}}', "machines: "],
] as const)("refuses %j: %s", ([text, message]) => {
  const failure = failureOf("f.json", text);
  expect(failure?.code).toBe("JAM_FLEET_INVALID");
  expect(failure?.message).toContain(message);
  expect(failure?.message).toContain("f.json");
});
