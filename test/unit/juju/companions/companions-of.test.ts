import { describe, expect, test } from "vitest";
import type { Companion, CompanionQuestion } from "../../../../src/juju/companions/companion.ts";
import { companionsOf } from "../../../../src/juju/companions/companions-of.ts";
import { charmhubRequests } from "../../../../src/juju/companions/kubernetes-companions.ts";
import { parseVersion } from "../../../../src/juju/version.ts";

const URL_OF_MIRROR = "http://mirror.example:8080/tools";

function needs(version: string, changes: Partial<CompanionQuestion> = {}): readonly Companion[] {
  return companionsOf({
    step: "bootstrap",
    version: parseVersion(version),
    type: "iaas",
    url: URL_OF_MIRROR,
    controller: "prod",
    ...changes,
  });
}

function flagsOf(companions: readonly Companion[], id: string): string | undefined {
  return companions.find((one) => one.id === id)?.flags.join(" ");
}

describe("a bootstrap on machines", () => {
  test.for([
    ["2.9.60", undefined, undefined],
    ["3.0.2", "./juju-controller.charm", "3.0/stable --base ubuntu@22.04"],
    ["3.5.7", "./juju-controller.charm", "3.5/stable --base ubuntu@22.04"],
    ["3.6.27", "./juju-controller.charm", "3.6/stable --base ubuntu@24.04"],
    ["4.0.15", "./juju-controller.charm", "4.0/stable --base ubuntu@24.04"],
  ] as const)("of %s needs the charm %s", ([version, file, channel]) => {
    const companions = needs(version);
    expect(flagsOf(companions, "controller-charm")).toBe(
      file === undefined ? undefined : `--controller-charm-path ${file}`,
    );
    if (channel !== undefined) {
      expect(companions.find(({ id }) => id === "controller-charm")?.fetch.join()).toContain(channel);
    }
  });

  test.for([
    ["2.9.22", "4.0/stable", false],
    ["2.9.53", "4.4/stable", false],
    ["2.9.56", "4.4.30/stable", false],
    ["3.0.2", "4.4/stable", false],
    ["3.1.0", "4.4/stable", true],
    ["3.6.14", "4.4/stable", true],
    ["3.6.27", "4.4.30/stable", true],
    ["4.0.15", undefined, false],
  ] as const)("of %s needs juju-db %s; flags without a feature: %s", ([version, channel, isPlain]) => {
    const snap = needs(version).find(({ id }) => id === "mongodb-snap");
    expect(snap?.what.includes(`channel ${channel},`)).toBe(channel === undefined ? undefined : true);
    expect(snap?.isInCommand ?? false).toBe(isPlain);
    if (snap !== undefined) {
      expect(snap.flags).toEqual([
        "--db-snap ./juju-db_REVISION.snap",
        "--db-snap-asserts ./juju-db_REVISION.assert",
      ]);
      expect(snap.note.includes("JUJU_DEV_FEATURE_FLAGS=mongodb-snap")).toBe(!isPlain);
    }
  });

  test.for([
    ["3.6.14", true],
    ["3.6.18", true],
    ["3.6.19", false],
    ["3.5.7", false],
  ] as const)("of %s by a client of 3.6.19 needs the old channel: %s", ([version, isNeeded]) => {
    expect(flagsOf(needs(version), "mongodb-channel")).toBe(
      isNeeded ? "--config juju-db-snap-channel=4.4/stable" : undefined,
    );
  });

  test("uses the agents of this mirror, for its own model and later ones", () => {
    expect(flagsOf(needs("3.6.27"), "agents")).toBe(
      `--config agent-metadata-url=${URL_OF_MIRROR} --model-default agent-metadata-url=${URL_OF_MIRROR}`,
    );
  });

  test("asks for cloud images where the cloud has some", () => {
    expect(flagsOf(needs("3.6.27"), "cloud-images")).toContain("image-metadata-url=");
    expect(flagsOf(needs("3.6.27", { cloudType: "openstack" }), "cloud-images")).toBeDefined();
    expect(flagsOf(needs("3.6.27", { cloudType: "maas" }), "cloud-images")).toBeUndefined();
    expect(flagsOf(needs("3.6.27", { cloudType: "lxd" }), "lxd-images")).toContain(
      "container-image-metadata-url=https://",
    );
    expect(
      flagsOf(needs("3.6.27", { cloudType: "maas", hasContainers: false }), "lxd-images"),
    ).toBeUndefined();
  });

  test.for([
    ["2.9.23", "bridge-utils"],
    ["2.9.24", "ubuntu-fan"],
    ["3.6.27", "ubuntu-fan"],
    ["4.0.15", "curl tmux"],
  ] as const)("of %s installs %s from apt", ([version, name]) => {
    const packages = needs(version).find(({ id }) => id === "apt-packages");
    expect(packages?.what).toContain(name);
    expect(packages?.flags.join(" ")).toContain("apt-mirror=");
  });
});

describe("a bootstrap on Kubernetes", () => {
  const pods = { type: "caas" } as const;

  test("cannot take the charm from a file", () => {
    const charm = needs("3.6.27", pods).find(({ id }) => id === "controller-charm");
    expect(charm?.flags.join(" ")).toContain("charmhub-url=");
    expect(charm?.flags.join(" ")).not.toContain("--controller-charm-path");
    expect(charm?.note).toContain("not supported");
  });

  test("of 2.9 has no charm and asks Charmhub for nothing", () => {
    expect(needs("2.9.60", pods).map(({ id }) => id)).not.toContain("controller-charm");
  });

  test("names the registry and needs neither snaps nor apt", () => {
    const ids = needs("3.6.27", pods).map(({ id }) => id);
    expect(ids).toContain("container-images");
    expect(ids).not.toEqual(expect.arrayContaining(["mongodb-snap"]));
    expect(ids).not.toEqual(expect.arrayContaining(["apt-packages"]));
    expect(flagsOf(needs("3.6.27", pods), "container-images")).toBe("--config caas-image-repo=REGISTRY/juju");
  });

  test.for([
    ["2.9.60", 0],
    ["3.6.27", 3],
    ["4.0.15", 2],
  ] as const)("of %s makes %s requests to Charmhub", ([version, count]) => {
    expect(charmhubRequests(parseVersion(version))).toHaveLength(count);
  });
});

test("an upgrade on machines needs a package of apt where controllers install it", () => {
  const upgrade = { step: "upgrade-controller" } as const;
  expect(needs("3.6.27", upgrade).map(({ id }) => id)).toEqual(["distro-info"]);
  expect(needs("3.6.27", upgrade)[0]?.settings[0]).toBe(
    "juju model-config -m prod:controller apt-http-proxy=http://APT-PROXY",
  );
  expect(needs("2.9.53", upgrade)).toEqual([]);
  expect(needs("4.0.15", upgrade)).toEqual([]);
  expect(needs("3.6.27", { step: "upgrade-model" })).toEqual([]);
});

test("a migration needs nothing from outside, an upgrade on Kubernetes its images", () => {
  expect(needs("3.6.27", { step: "migrate" })).toEqual([]);
  expect(needs("3.6.27", { step: "upgrade-controller", type: "caas" }).map(({ id }) => id)).toEqual([
    "container-images",
  ]);
});
