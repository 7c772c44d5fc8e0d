import { describe, expect, test } from "vitest";
import { parseRepository } from "../../../../src/juju/images/image-repository.ts";
import { registryNotes, type RegistryHop } from "../../../../src/juju/images/registry-notes.ts";
import {
  manifestForms,
  repositoryChange,
  requestsToRegistry,
} from "../../../../src/juju/images/registry-requests.ts";
import { parseVersion } from "../../../../src/juju/version.ts";

function idsOf(version: string, step: RegistryHop["step"], imageRepo?: string): string[] {
  const parsed = parseVersion(version);
  const repository = imageRepo === undefined ? undefined : parseRepository(imageRepo, parsed);
  return registryNotes({ version: parsed, step, repository }).map(({ id }) => id);
}

const WITH_PORT = '{"repository":"r.example:5000/juju","serveraddress":"https://r.example:5000"}';
const WITH_LOGIN = '{"repository":"r.example/juju","username":"u","password":"p"}';

describe("upgrade-controller", () => {
  test.for(["3.6.9", "3.6.11.2", "3.6.27", "3.6.28", "3.6.29"])(
    "of %s fails with a port, a login or a private authority",
    (version) => {
      for (const value of [undefined, WITH_PORT, WITH_LOGIN]) {
        expect(idsOf(version, "upgrade-controller", value)).toContain("registry-at-upgrade");
      }
      expect(idsOf(version, "upgrade-controller", "r.example/juju")).not.toContain("registry-at-upgrade");
    },
  );

  test.for(["2.9.42", "3.1.5", "3.6.8", "4.0.15"])("of %s does not", (version) => {
    expect(idsOf(version, "upgrade-controller", WITH_PORT)).not.toContain("registry-at-upgrade");
  });

  test("of a release that is too new names it as not known", () => {
    const [first] = registryNotes({ version: parseVersion("3.6.40"), step: "upgrade-controller" });
    expect(first?.note).toContain("what 3.6.40 does is not known");
  });

  test("of 4.0 does not ask and finds out afterwards", () => {
    expect(idsOf("4.0.12", "upgrade-controller")).toEqual(["registry-not-asked"]);
  });
});

test.for([
  ["2.9.53", true],
  ["2.9.56", false],
  ["3.6.14", true],
  ["3.6.19", false],
  ["4.0.5", false],
] as const)("upgrade-controller of %s is broken on Kubernetes: %s", ([version, isBroken]) => {
  expect(idsOf(version, "upgrade-controller").includes("upgrade-broken-on-kubernetes")).toBe(isBroken);
});

describe("bootstrap", () => {
  test.for(["2.9.42", "3.5.7", "3.6.28", "4.0.15"])("%s does not take a port in plain form", (version) => {
    expect(idsOf(version, "bootstrap", "r.example:5000/juju")[0]).toBe("registry-port");
    expect(idsOf(version, "bootstrap", "10.0.0.5:5000/juju")[0]).toBe("registry-port");
    expect(idsOf(version, "bootstrap", WITH_PORT)).not.toContain("registry-port");
  });

  test("2.9.58 has no default repository", () => {
    expect(idsOf("2.9.58", "bootstrap")).toContain("registry-default-empty");
    expect(idsOf("2.9.59", "bootstrap")).not.toContain("registry-default-empty");
  });

  test.for([
    ["2.9.42", true],
    ["2.9.59", true],
    ["2.9.60", false],
    ["3.6.23", true],
    ["3.6.24", false],
    ["4.0.11", true],
    ["4.0.12", false],
  ] as const)("logins with %s are broken: %s", ([version, isBroken]) => {
    expect(idsOf(version, "bootstrap", WITH_LOGIN).includes("registry-login")).toBe(isBroken);
    expect(idsOf(version, "bootstrap", "r.example/juju")).not.toContain("registry-login");
  });
});

test.for([
  ["2.9.12", undefined],
  ["2.9.42", "GET /v2"],
  ["2.9.50", undefined],
  ["3.1.8", undefined],
  ["3.6.23", "GET /v2"],
  ["3.6.24", "GET /v2/"],
  ["4.0.11", "GET /v2"],
  ["4.0.12", "GET /v2/"],
] as const)("a bootstrap of %s asks %s", ([version, request]) => {
  expect(requestsToRegistry(parseVersion(version), "bootstrap")?.requests[0]).toBe(request);
});

test.for([
  ["2.9.53", false],
  ["2.9.56", true],
  ["3.4.5", false],
  ["3.4.6", true],
  ["3.5.3", false],
  ["3.6.28", true],
] as const)("manifest lists are read by %s: %s", ([version, isRead]) => {
  expect(manifestForms(parseVersion(version))?.includes("docker list v2")).toBe(isRead);
});

test.for([
  ["2.9.12", "any value"],
  ["2.9.45", "nothing"],
  ["2.9.46", "credentials"],
  ["3.1.6", "nothing"],
  ["3.1.7", "credentials"],
  ["3.2.4", "nothing"],
  ["4.0.15", "credentials"],
] as const)("what can be changed in the repository of %s: %s", ([version, may]) => {
  expect(repositoryChange(parseVersion(version))).toBe(may);
});
