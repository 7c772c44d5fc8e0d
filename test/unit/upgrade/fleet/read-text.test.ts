import { describe, expect, test } from "vitest";
import { FleetReader, readFleet } from "../../../../src/upgrade/fleet/read-fleet.ts";
import type { Fleet } from "../../../../src/upgrade/fleet/fleet.ts";

const machine = { "juju-status": { current: "started", version: "3.6.9" }, hardware: "arch=amd64" };

function statusOf(model: string, machines: object = { 0: machine }): object {
  return {
    model: { name: model, type: "iaas", controller: "prod", version: "3.6.9" },
    machines,
    applications: {},
  };
}

const status = (model: string, machines?: object) => JSON.stringify(statusOf(model, machines));

const yaml = (model: string) => `model: {name: ${model}, controller: prod, version: 3.6.9}
machines: {}
applications: {}
`;

const modelsOf = ({ models }: Fleet) => models.map(({ label }) => label);

const readOne = (text: string) => readFleet([{ name: "f", text }]);

/** The fleet of a folder with a good status and this file. */
function beside(text: string, name = "f.json"): Fleet {
  const reader = new FleetReader();
  reader.add({ name: "dir/web.json", content: { text: status("web") }, isNamed: false });
  reader.add({ name: `dir/${name}`, content: { text }, isNamed: false });
  return reader.fleet();
}

describe("all documents of a file are read", () => {
  test.for([
    ["lines", `${status("a")}\n${status("b")}\n`],
    ["joined", status("a") + status("b")],
    [
      "pretty-printed",
      [statusOf("a"), statusOf("b")].map((one) => JSON.stringify(one, undefined, 2)).join("\n"),
    ],
    ["an array", `[${status("a")}, ${status("b")}]`],
    ["arrays", `[${status("a")}]\n[${status("b")}]`],
    ["RFC 7464", `\u001e${status("a")}\n\u001e${status("b")}\n`],
    ["YAML", `${yaml("a")}---\n${yaml("b")}`],
    ["YAML with marks around", `---\n${yaml("a")}...\n---\n${yaml("b")}---\n`],
    ["YAML with carriage returns", `${yaml("a")}---\n${yaml("b")}`.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\u{feff}${status("a")}${status("b")}`],
    ["JSON in documents of YAML", `---\n${status("a")}\n---\n${status("b")}\n`],
    ["text before", `provided relations option is always enabled\n${status("a")}\n${status("b")}`],
    ["text between", `${status("a")}\nWARNING cannot refresh\n${status("b")}`],
    ["text after", `${status("a")}${status("b")}\nModel "admin/b" is empty.\n`],
    ["a line in brackets before", `[WARNING] old client\n${status("a")}\n${status("b")}`],
    ["a line before YAML", `WARNING: old client\n${yaml("a")}---\n${yaml("b")}`],
  ] as const)("%s", ([, text]) => {
    expect(modelsOf(readOne(text))).toEqual(["prod:a", "prod:b"]);
  });
});

describe("a file that is not a listing is refused with what it is", () => {
  const apiStatus = {
    model: { name: "w", "cloud-tag": "cloud-lxd", version: "3.6.9" },
    machines: {},
    applications: {},
  };
  test.for([
    ["", "f is empty."],
    [" \n\t\n", "f is empty."],
    ["---\n---\n", "f is empty."],
    ["{}", "is an empty object: the juju command failed"],
    ["null", "f is empty."],
    [
      "ERROR controller prod-old not found\n",
      "contains an error message of Juju instead of a listing: controller prod-old not found",
    ],
    ["\u001b[31mERROR\u001b[0m cannot process storage: not found", "cannot process storage: not found"],
    [
      `ERROR no such model\n${status("a")}`,
      "contains an error message of Juju next to its listing: no such model",
    ],
    [`${status("a")}\nERROR model b not found\n`, "next to its listing: model b not found"],
    [`---\n${yaml("a")}---\nERROR model b not found\n`, "document 2 contains an error message of Juju"],
    [status("a").slice(0, 90), "is cut off: its JSON ends too early, at line 1, column 91"],
    [`${status("a")}\n${status("b").slice(0, 90)}`, "f, document 2 is cut off"],
    [`${status("a")}{}`, "f, document 2 is an empty object"],
    ['{"model": nope}', "is not JSON at line 1, column 11: expected a value"],
    ['{"model":{"name":"a","name":"b"}}', 'at line 1, column 22 in which the key "name" occurs twice'],
    [`${yaml("a")}machines: {}\n`, "in which the key machines occurs twice"],
    [`${yaml("a")}applications:\n  __proto__: {}\n`, 'in which the key "__proto__" is not allowed'],
    ['{"applications":{"__proto__":{}}}', 'in which the key "__proto__" is not allowed'],
    [`${yaml("a")}offers: {a: &x {}, b: *x}\n`, "is neither JSON nor YAML at line 4"],
    [JSON.stringify(apiStatus), "is the answer of the API"],
    [JSON.stringify({ "request-id": 3, response: apiStatus }), "is the answer of the API"],
    [
      '{"environment":"e","machines":{"0":{"agent-version":"1.24.7","series":"precise"}},"services":{}}',
      "Juju 1.x (1.24.7, precise)",
    ],
    ['{"format":"jam-plan:1"}', "is a jam plan"],
    ['{"format":"jam-inventory:1"}', "is a jam inventory"],
    [
      '{"error":{"code":"JAM_X","message":"no such file"}}',
      "is the error message of a jam command: no such file",
    ],
    ['{"storage":{}}', "is the output of juju storage"],
    ['[{"user-name":"admin","access":"superuser"}]', "is the output of juju users"],
    ['{"aws":{"defined":"public","type":"ec2"}}', "is the output of juju clouds"],
    ['{"agent-stream":{"value":"released","source":"default"}}', "is the output of juju model-config"],
    ['{"some":"thing","else":1}', "is not one of Juju's listings (it contains some, else)"],
    ['{"models":[{"name":"a","size":3}]}', "is not one of Juju's listings (it contains models)"],
    ["[1, 2]", "is a list of something else"],
    ["just words", 'is a text, not one of Juju\'s listings: "just words"'],
    ["- app/0: 10.0.0.4 (agent:idle, workload:active) 80/tcp", "oneline output"],
    ["Machine  State    Address\n0        started  10.0.0.1", "the tabular output of juju machines"],
    ['{"model":{"name":"w","version":"9x"},"machines":{}}', "is not what juju status prints: model.version"],
    ['{"model":{"name":"w","version":"3.6.5"},"machines":[]}', "is not what juju status prints: machines"],
  ] as const)("%j: %s", ([text, message]) => {
    expect(() => readOne(text)).toThrow(message);
    expect(() => readOne(text)).toThrow(expect.objectContaining({ code: "JAM_FLEET_INVALID" }) as Error);
  });
});

describe("in a folder", () => {
  test.for([
    ["a note", "Taken on Monday.", "README.txt"],
    ["a plan of jam", '{"format":"jam-plan:1"}', "plan.json"],
    ["what another command prints", '{"storage":{}}', "storage.json"],
    ["a list of machines as a table", "Machine  State    Address\n0  started  10.0.0.1", "m.txt"],
    [
      "the table of a status that is there",
      "Model  Controller  Cloud/Region  Version\nweb  prod  lxd/x  3.6.9",
      "t.txt",
    ],
  ] as const)("%s is left out and named", ([, text, name]) => {
    const fleet = beside(text, name);
    expect(fleet.unread).toEqual([]);
    expect(fleet.notes.join()).toMatch(new RegExp(`^Skipped: dir/${name} `));
    expect(fleet.sources.map(({ outcome }) => outcome)).toEqual(["read", "left-out"]);
  });

  test.for([
    ["a listing that is cut off", status("db").slice(0, 60)],
    ["a listing with a key twice", `${yaml("db")}machines: {}\n`],
    ["an empty file", ""],
    ["an empty object", "{}"],
    ["an error of Juju's", "ERROR model db not found"],
    ["a status of Juju 1.x", '{"environment":"e","machines":{},"services":{}}'],
    [
      "the table of a status that is not there",
      "Model  Controller  Cloud/Region  Version\ndb  prod  lxd/x  3.6.9",
    ],
    ["a status whose model is no model", '{"model":{"name":"db"},"machines":{}}'],
  ] as const)("%s counts as not read", ([, text]) => {
    const fleet = beside(text);
    expect(modelsOf(fleet)).toEqual(["prod:web"]);
    expect(fleet.unread).toMatchObject([{ kind: "file", file: "dir/f.json" }]);
    expect(fleet.notes.join()).toMatch(/^Not read: dir\/f\.json /);
  });

  test("without any listing, all is refused, and what is there is named", () => {
    const reader = new FleetReader();
    reader.add({ name: "a.txt", content: { text: "words" }, isNamed: false });
    expect(() => reader.fleet()).toThrow(
      'No file describes a fleet: a.txt is a text, not one of Juju\'s listings: "words"',
    );
  });
});

describe("an entry that cannot be read", () => {
  test.for([
    ["machines.1", { 0: machine, 1: { "juju-status": 7 } }],
    ["machines.1", { 0: machine, 1: "gone" }],
    ["machines.1", { 0: machine, 1: { ...machine, hardware: "arch=$(id)" } }],
    ["machines.1", { 0: machine, 1: { ...machine, base: { name: "a b", channel: "1" } } }],
    ["machines.1", { 0: machine, 1: { "juju-status": { current: "started", version: "newest" } } }],
    ["machines.1", { 0: machine, 1: { "juju-status": { "status-error": "state is closed" } } }],
    ["machines.0.containers", { 0: { ...machine, containers: [] } }],
    ["machines.0.containers.0/lxd/0", { 0: { ...machine, containers: { "0/lxd/0": 1 } } }],
  ] as const)("leaves the rest: %s of %j", ([place, machines]) => {
    const fleet = readOne(status("web", machines));
    expect(fleet.models[0]?.machines?.[0]).toMatchObject({ id: "0", state: "ok", arch: "amd64" });
    expect(fleet.unread).toMatchObject([{ kind: "part", file: "f", place }]);
  });

  test("of a list of models leaves the others", () => {
    const models = [
      { name: "admin/a", "model-uuid": "1", "agent-version": 7 },
      { name: "admin/b", "model-uuid": "2" },
    ];
    const fleet = readOne(JSON.stringify({ models }));
    expect(fleet.models.map(({ name }) => name)).toEqual(["b"]);
    expect(fleet.unread).toMatchObject([{ place: "models.0" }]);
  });

  test("of offers holds up nothing", () => {
    const text = JSON.stringify({ ...statusOf("web"), offers: { db: { "status-error": "gone" } } });
    expect(readOne(text).unread).toEqual([]);
  });

  test("containers are followed to a depth that Juju can make, and no further", () => {
    let inner: object = machine;
    for (let depth = 0; depth < 40; depth++) inner = { ...machine, containers: { [`x/${depth}`]: inner } };
    const fleet = readOne(status("web", { 0: inner }));
    expect(fleet.models[0]?.machines?.length).toBeLessThan(20);
    expect(fleet.unread).toHaveLength(1);
  });
});

describe("names that cannot be Juju's are refused, with their place", () => {
  const [bell, override] = ["we\u0007b", "we\u202eb"];
  test.for([
    [status("a\nb"), "a model"],
    [status(bell), String.raw`a model, "we\u{7}b"`],
    [status(override), String.raw`a model, "we\u{202e}b"`],
    [status("--help"), 'a model, "--help", begins with -'],
    [
      JSON.stringify({ ...statusOf("w"), model: { name: "w", controller: "-c", version: "3.6.9" } }),
      "the controller of model w",
    ],
    [status("w", { "-1": machine }), "a machine"],
    [JSON.stringify({ ...statusOf("w"), applications: { a: { units: { "-a/0": {} } } } }), "a unit"],
    [JSON.stringify({ ...statusOf("w"), applications: { "a\u001b[0m": {} } }), "an application"],
    [JSON.stringify({ models: [{ name: "-o/w", "model-uuid": "1" }] }), "the owner of model w"],
    [JSON.stringify({ models: [{ name: "o/w", "model-uuid": "-1" }] }), "the UUID of model w"],
    [JSON.stringify({ controllers: { "-p": { uuid: "1" } }, "current-controller": "" }), "a controller"],
    [JSON.stringify({ "p\u0000": { details: { uuid: "1" } } }), "a controller"],
  ] as const)("%j: %s", ([text, message]) => {
    expect(() => readOne(text)).toThrow(message);
    expect(() => beside(text)).toThrow("dir/f.json: the name of");
  });

  test("texts that only people read are made printable instead", () => {
    const odd = { 0: { "juju-status": { current: "down", message: "gone\u001b[2J" } } };
    expect(readOne(status("w", odd)).models[0]?.machines?.[0]?.message).toBe(String.raw`gone\u{1b}[2J`);
  });
});

test("a base without quotes stays what was written", () => {
  const text =
    "model: {name: w, controller: p, version: 3.6.9}\nmachines:\n  0:\n    base: {name: ubuntu, channel: 20.10}\n    juju-status: {current: started}\napplications: {}\n";
  expect(readOne(text).models[0]?.machines).toMatchObject([
    { id: "0", base: "ubuntu@20.10", series: "groovy" },
  ]);
});

test.for([
  ["3.6.9", true],
  ["2.8.13", true],
  ["4.0.8", false],
] as const)("a unit on Kubernetes at %s without a version is run by an operator: %s", ([version, isRun]) => {
  const unit = { "juju-status": { current: "idle" }, "provider-id": "p-0" };
  const text = JSON.stringify({
    model: { name: "kube", type: "caas", controller: "prod", version },
    machines: {},
    applications: { p: { units: { "p/0": unit } } },
  });
  expect(readOne(text).models[0]?.units).toMatchObject([{ state: "ok", isRunByOperator: isRun }]);
});
