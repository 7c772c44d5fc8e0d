import { describe, expect, test } from "vitest";
import { databaseChannel } from "../../../../src/juju/images/image-tags.ts";
import { imageNamesOf, imagesOf, type ImageQuestion } from "../../../../src/juju/images/images-of.ts";
import { parseVersion } from "../../../../src/juju/version.ts";
import vectors from "../../../fixtures/vectors/images.json" with { type: "json" };

interface Row {
  readonly question: {
    readonly version: string;
    readonly what: string;
    readonly config?: Readonly<Record<string, string | undefined>>;
    readonly bases?: readonly string[];
    readonly podspec?: boolean;
  };
}

function questionOf({ question }: Row): ImageQuestion {
  const { version, what, config = {}, bases, podspec } = question;
  const [imageRepo, operatorPath] = [config["caas-image-repo"], config["caas-operator-image-path"]];
  const databaseChannel = config["juju-db-snap-channel"];
  return {
    version: parseVersion(version),
    what: what === "model" ? "model" : "controller",
    config: {
      ...(imageRepo === undefined ? {} : { imageRepo }),
      ...(operatorPath === undefined ? {} : { operatorPath }),
      ...(databaseChannel === undefined ? {} : { databaseChannel }),
    },
    ...(bases === undefined ? {} : { bases }),
    ...(podspec === undefined ? {} : { hasPodspec: podspec }),
  };
}

/** An answer in the vectors' shape: fields only where they say something. */
function answerOf(question: ImageQuestion): unknown {
  const { images, error, registryClientError, asksRegistryAtBootstrap } = imagesOf(question);
  return {
    ...(error === undefined ? { images } : { error }),
    ...(registryClientError === undefined ? {} : { registryClientError }),
    ...(asksRegistryAtBootstrap ? { asksRegistryAtBootstrap } : {}),
  };
}

const ROWS: readonly (Row & { readonly id: string; readonly answer: unknown })[] = vectors.cases;

test("the vectors are there", () => {
  expect(ROWS).toHaveLength(307);
});

test.for(ROWS)("images as Juju's own code names them: $id", (row) => {
  expect(answerOf(questionOf(row))).toEqual(row.answer);
});

function at(version: string, imageRepo: string) {
  return imagesOf({ version: parseVersion(version), what: "controller", config: { imageRepo } });
}

describe("what the vectors do not have", () => {
  test.for([
    ["2.9.50", "10.0.0.5:5000/juju", "parsing server address"],
    ["3.2.0", "registry.example.com:5000/juju", "unsupported protocol scheme"],
    ["3.1.5", "registry.example.com/juju:latest", "invalid reference format"],
    ["3.1.5", "{}", "empty repository not valid"],
    ["4.0.3", `registry.example.com/${"a".repeat(5000)}`, "invalid reference format"],
  ] as const)("%s does not take %s", ([version, repository, error]) => {
    expect(at(version, repository)).toMatchObject({
      images: [],
      error: expect.stringContaining(error) as string,
    });
  });

  test("before 2.9.8 the operator's path is cut at its first colon", () => {
    expect(at("2.9.5", "registry:5000/juju").images).toEqual([
      "registry:2.9.5",
      "registry:5000/juju/juju-db:4.0",
    ]);
  });

  test("2.9.8 to 2.9.12 name images with a port rightly and ask nobody", () => {
    expect(at("2.9.11", "registry.example.com:5000/juju")).toEqual({
      images: [
        "registry.example.com:5000/juju/jujud-operator:2.9.11",
        "registry.example.com:5000/juju/juju-db:4.0",
      ],
      asksRegistryAtBootstrap: false,
    });
  });

  test("an address with a scheme reaches a registry with a port", () => {
    const json = JSON.stringify({
      repository: "r.example:5000/juju",
      serveraddress: "https://r.example:5000",
    });
    for (const version of ["2.9.42", "3.5.7", "3.6.28", "4.0.15"]) {
      const answer = at(version, json);
      expect(answer.registryClientError ?? answer.error).toBeUndefined();
      expect(answer.images[0]).toBe(`r.example:5000/juju/jujud-operator:${version}`);
    }
  });

  test("names come without the repository", () => {
    expect(imageNamesOf({ version: parseVersion("3.6.11.2"), what: "controller" })).toEqual([
      "jujud-operator:3.6.11.2",
      "juju-db:4.4",
      "charm-base:ubuntu-24.04",
    ]);
  });
});

test.for([
  ["2.8.13", undefined],
  ["2.9.16", "4.0/stable"],
  ["2.9.22", "4.0/stable"],
  ["2.9.53", "4.4/stable"],
  ["2.9.56", "4.4.30/stable"],
  ["3.6.14", "4.4/stable"],
  ["3.6.19", "4.4.30/stable"],
  ["4.0.0", undefined],
] as const)("the MongoDB channel of %s is %s", ([version, channel]) => {
  expect(databaseChannel(parseVersion(version))).toBe(channel);
});
