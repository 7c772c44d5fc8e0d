import { expect, test } from "vitest";
import { readFleet } from "../../../../src/upgrade/fleet/read-fleet.ts";
import { fleetGaps } from "../../../../src/upgrade/plan/fleet-remarks.ts";

const of = (...documents: readonly object[]) =>
  fleetGaps(readFleet(documents.map((one, index) => ({ name: `${index}.json`, text: JSON.stringify(one) }))))
    .unread;

const status = {
  model: { name: "web", type: "iaas", controller: "prod", version: "3.6.9" },
  machines: {},
  applications: {},
};

test("a fleet that is known whole leaves nothing out", () => {
  expect(of(status)).toEqual([]);
});

test.for([
  [
    "JAAS",
    {
      jaas: { details: { uuid: "1", "identity-url": "https://i.example.com" }, account: { access: "login" } },
    },
    "jaas is JAAS: no file shows which controllers its models are on",
  ],
  [
    "a controller of unknown version",
    { controllers: { lab: { uuid: "1" } }, "current-controller": "" },
    "no file contains the version of controller lab",
  ],
  [
    "a model of no known controller",
    { model: "db", machines: { 0: { "juju-status": { current: "started", version: "3.6.9" } } } },
    "no file names the controller of model db",
  ],
] as const)("%s is named", ([, document, text]) => {
  expect(of(status, document)).toEqual([{ kind: "unplaced", file: "1.json", place: "", text }]);
});

test("what could not be read is part of it, once", () => {
  const other = { ...status, model: { ...status.model, version: "3.6.4" } };
  const list = {
    models: [
      {
        name: "ann/web",
        "model-uuid": "1",
        "controller-name": "prod",
        "controller-uuid": "c",
        "agent-version": "3.5.1",
      },
      {
        name: "bob/web",
        "model-uuid": "2",
        "controller-name": "prod",
        "controller-uuid": "c",
        "agent-version": "3.5.2",
      },
    ],
  };
  expect(of(list, other).map(({ file }) => file)).toEqual(["1.json"]);
});
