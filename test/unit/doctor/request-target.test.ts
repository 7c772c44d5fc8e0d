import { describe, expect, test } from "vitest";
import { faceOf } from "../../../src/doctor/requests/faces.ts";
import { readTarget } from "../../../src/doctor/log/request-target.ts";

describe("what a target is about", () => {
  test.for([
    ["/tools/streams/v1/index2.sjson", { base: "/tools", what: "index", isSigned: true }],
    ["/tools/streams/v1/index.json?x=1", { base: "/tools", what: "legacy-index", isSigned: false }],
    ["//tools//streams/v1/mirrors.json", { base: "//tools", what: "mirrors" }],
    ["http://mirror.example/tools/streams/v1/index2.json", { base: "/tools", what: "index" }],
    [
      "/tools/streams/v1/20261130T030000Z-abc/com.ubuntu.juju-released-agents.json",
      {
        what: "products",
        family: "agents",
        stream: "released",
        hasColons: false,
        snapshot: "20261130T030000Z-abc",
      },
    ],
    [
      "/tools/streams/v1/com.ubuntu.juju%3Areleased%3Atools.json",
      { what: "products", family: "tools", stream: "released", hasColons: true, snapshot: undefined },
    ],
    [
      "/channel/prod/tools/agent/3.6-beta2/juju-3.6-beta2-linux-arm64.tgz",
      { base: "/channel/prod/tools", what: "tarball", version: "3.6-beta2", arch: "arm64" },
    ],
    [
      "/tools/agent/2.9.42.1/juju-2.9.42.1-ubuntu-s390x.tgz",
      { path: "agent/2.9.42.1/juju-2.9.42.1-ubuntu-s390x.tgz", version: "2.9.42.1", arch: "s390x" },
    ],
    ["/tools/releases/juju-1.18.4-trusty-amd64.tgz", { base: "/tools", version: "1.18.4", arch: "amd64" }],
  ] as const)("%s", ([target, expected]) => {
    expect(readTarget(target)).toMatchObject(expected);
  });

  test.for([
    "/",
    "/metrics",
    "/api/v1/agents",
    "/tools/streams/v1/",
    "/tools/streams/v1/x.json",
    "*",
    "%",
    "",
    "/juju.tgz",
  ])("nothing about agents: %s", (target) => {
    expect(readTarget(target)).toBeUndefined();
  });
});

test.for([
  ["/tools", { is: "mirror" }],
  ["/upstream/tools", { is: "signed" }],
  ["/channel/prod/tools", { is: "channel", name: "prod", state: "shown" }],
  ["/channels/prod/tools", { is: "channel", name: "prod", state: "shown" }],
  ["/channel/lab/tools", { is: "channel", name: "lab", state: "empty" }],
  ["/channel/prd/tools", { is: "channel", name: "prd", state: "missing" }],
  ["/tools/tools", { is: "doubled", right: "/tools" }],
  ["/tools/tools/tools", { is: "doubled", right: "/tools" }],
  ["/channel/prod/tools/tools", { is: "doubled", right: "/channel/prod/tools" }],
  ["//tools//tools", { is: "doubled", right: "/tools" }],
  ["", { is: "wrong" }],
  ["/mirror-data", { is: "wrong" }],
  ["/channel/prod", { is: "wrong" }],
] as const)("the address %s is told from others", ([base, face]) => {
  const channels = [
    { name: "prod", isShown: true, paths: new Set<string>() },
    { name: "lab", isShown: false, paths: new Set<string>() },
  ];
  expect(faceOf(base, channels)).toEqual(face);
});
