import { parseMirrorUrl } from "../../../src/juju/mirror-url.ts";
import { describe, expect, test } from "vitest";
import { planConnection } from "../../../src/cli/connect/guide.ts";
import { type ConnectTarget, JUJU_GENERATIONS, parseGeneration } from "../../../src/cli/connect/target.ts";

const TARGET: ConnectTarget = { ...parseMirrorUrl("http://mirror.lab:8080"), juju: "3", models: [] };

function commands(target: Partial<ConnectTarget>): string[] {
  const { steps, undo } = planConnection({ ...TARGET, ...target });
  return [...steps, ...undo].flatMap((step) => step.commands);
}

test.for([
  ["3.6", "3"],
  ["3.6.5", "3"],
  ["3", "3"],
  ["4.0-beta7", "4"],
  ["2.9.42", "2.9"],
  ["2.9.42.1", "2.9"],
  ["2.8.13", "2.8"],
  ["2.0", "2.8"],
  ["2", "2.9"],
  ["2.x", "2.9"],
  ["1.25.6", "1.25"],
  ["1.20", "1.25"],
] as const)("takes Juju %s for generation %s", ([version, generation]) => {
  expect(parseGeneration(version)).toBe(generation);
});

test.for(["5.0", "latest", ""])("does not know Juju %s", (version) => {
  expect(() => parseGeneration(version)).toThrow(expect.objectContaining({ code: "JAM_USAGE_INVALID" }));
});

test.for([
  ["http://mirror:8080", "http://mirror:8080/tools"],
  ["http://mirror:8080/", "http://mirror:8080/tools"],
  ["http://mirror:8080/tools/", "http://mirror:8080/tools"],
  ["https://mirror/channel/prod/tools", "https://mirror/channel/prod/tools"],
  ["http://me:pw@mirror/", "http://me:pw@mirror/tools"],
] as const)("gives Juju %s as %s", ([typed, url]) => {
  expect(parseMirrorUrl(typed).url).toBe(url);
});

test.for(["mirror:8080", "ftp://mirror/", "http://mirror/?x=1", "/srv/mirror"])(
  "refuses %s as an address",
  (typed) => {
    expect(() => parseMirrorUrl(typed)).toThrow(expect.objectContaining({ code: "JAM_USAGE_INVALID" }));
  },
);

describe("from 2.0 on", () => {
  test.for(["2.8", "2.9", "3", "4"] as const)(
    "Juju %s gets the URL in the controller's model, the defaults and each model",
    (juju) => {
      expect(commands({ juju, models: ["db", "web"] })).toEqual(
        expect.arrayContaining([
          "juju model-config -m controller agent-metadata-url=http://mirror.lab:8080/tools",
          "juju model-defaults agent-metadata-url=http://mirror.lab:8080/tools",
          "juju model-config -m db agent-metadata-url=http://mirror.lab:8080/tools",
          "juju model-config -m web agent-metadata-url=http://mirror.lab:8080/tools",
        ]),
      );
    },
  );

  test("every setting that is made has a line that takes it back", () => {
    const all = commands({ models: ["db"], controller: "prod" });
    const made = all.filter(
      (line) => line.includes("agent-metadata-url=") && !line.startsWith("juju bootstrap"),
    );
    const undone = made.map((line) => line.replace(/ agent-metadata-url=.*/, " --reset agent-metadata-url"));
    expect(all).toEqual(expect.arrayContaining(undone));
  });

  test("a bootstrap sets the controller's model and the models to come", () => {
    expect(commands({})).toContain(
      "juju bootstrap CLOUD CONTROLLER --config agent-metadata-url=http://mirror.lab:8080/tools --model-default agent-metadata-url=http://mirror.lab:8080/tools",
    );
  });
});

test("Juju 1.25 knows environments, not models", () => {
  const all = commands({ juju: "1.25" });
  expect(all).toContain("juju set-env agent-metadata-url=http://mirror.lab:8080/tools");
  expect(all).toContain("juju unset-env agent-metadata-url");
  expect(all.filter((line) => line.includes("model-config"))).toEqual([]);
});

test.for([
  ["1.25", "juju sync-tools --source '/srv/my mirror'"],
  ["2.8", "juju sync-tools --source '/srv/my mirror'"],
  ["2.9", "juju sync-agent-binaries --source '/srv/my mirror'"],
  ["3", "juju sync-agent-binary --source '/srv/my mirror'"],
] as const)("Juju %s reads the folder with: %s", ([juju, line]) => {
  expect(commands({ juju, metadataSource: "/srv/my mirror" })).toContain(line);
});

test("tells 2.0 to 2.8 that a folder without signatures is refused there", () => {
  const { steps } = planConnection({ ...TARGET, juju: "2.8", metadataSource: "/srv" });
  expect(steps.at(-1)?.remark).toMatch(/only signed metadata/);
});

test("warns of an address that only this machine can reach, and of a CA that nobody trusts", () => {
  const loopback = planConnection({ ...TARGET, ...parseMirrorUrl("http://127.0.0.1:8080") });
  const tls = planConnection({ ...TARGET, ...parseMirrorUrl("https://mirror.lab") });
  expect(loopback.warnings[0]).toMatch(/0\.0\.0\.0:8080/);
  expect(tls.warnings).toEqual([]);
  expect(tls.notes[0]).toMatch(/update-ca-certificates/);
});

test("every generation has a first look, a way back, and step names that differ", () => {
  for (const juju of JUJU_GENERATIONS) {
    const { steps, undo } = planConnection({ ...TARGET, juju });
    const ids = [...steps, ...undo].map(({ id }) => id);
    expect(ids[0]).toBe("reach");
    expect(ids).toContain("undo");
    expect(new Set(ids).size).toBe(ids.length);
  }
});
