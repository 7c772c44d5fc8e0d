import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { isJamError } from "../../../src/shared/errors.ts";
import {
  compareVersions,
  formatVersion,
  isDevVersion,
  isVersion,
  parseMajorMinor,
  parseVersion,
  toPatch,
  type JujuVersion,
  type VersionGeneration,
} from "../../../src/juju/version.ts";
import vectors from "../../fixtures/vectors/version.json" with { type: "json" };

const GENERATIONS: readonly VersionGeneration[] = ["1.25", "v1", "v2", "4.0"];

/** What Juju's own code printed for one text, in the shape of the vectors. */
function describeParse(text: string, generation: VersionGeneration, parse = parseVersion): unknown {
  try {
    const version = parse(text, generation);
    const facts = {
      ok: true,
      ...version,
      str: formatVersion(version),
      isDev: isDevVersion(version, generation),
    };
    return generation === "1.25" ? facts : { ...facts, toPatch: formatVersion(toPatch(version)) };
  } catch (error) {
    if (!isJamError(error, "JAM_VERSION_INVALID")) throw error;
    return { ok: false, err: error.message };
  }
}

describe.for(GENERATIONS)("as Juju %s does", (generation) => {
  test("parses, prints, and judges every recorded version", () => {
    const answers = vectors.parse.map((one) => describeParse(one.in, generation));
    expect(answers).toEqual(vectors.parse.map((one) => one[generation]));
  });

  test("agrees on what is a version at all", () => {
    const answers = vectors.parse.map((one) => isVersion(one.in, generation));
    expect(answers).toEqual(vectors.parse.map((one) => one[generation].ok));
  });

  test("orders every recorded pair", () => {
    const answers = vectors.compare.map(({ a, b }) =>
      isVersion(a, generation) && isVersion(b, generation)
        ? Math.sign(compareVersions(parseVersion(a, generation), parseVersion(b, generation)))
        : 99,
    );
    expect(answers).toEqual(vectors.compare.map((one) => one[generation]));
  });

  test("reads every recorded major.minor", () => {
    const answers = vectors.parseMajorMinor.map((one) => {
      try {
        const { major, minor = -1 } = parseMajorMinor(one.in);
        return { ok: true, major, minor };
      } catch (error) {
        return { ok: false, err: (error as Error).message };
      }
    });
    expect(answers).toEqual(vectors.parseMajorMinor.map((one) => one[generation]));
  });
});

test("refuses a third part where major.minor is asked for", () => {
  expect(() => parseMajorMinor("2.9.1")).toThrow("invalid major.minor version number 2.9.1");
});

const anyNumber = fc.nat({ max: 999_999_999 });
const anyVersion: fc.Arbitrary<JujuVersion> = fc.record({
  major: fc.oneof(fc.nat({ max: 5 }), anyNumber),
  minor: fc.oneof(fc.nat({ max: 9 }), anyNumber),
  tag: fc.oneof(fc.constant(""), fc.constantFrom("alpha", "beta", "rc"), fc.stringMatching(/^[a-z]{1,8}$/)),
  patch: fc.oneof(fc.nat({ max: 20 }), anyNumber),
  build: fc.oneof(fc.constant(0), anyNumber),
});

property.prop([anyVersion])("prints what it parses and parses what it prints", (version) => {
  expect(parseVersion(formatVersion(version))).toEqual(version);
});

property.prop([anyVersion, anyVersion, anyVersion])(
  "orders totally: antisymmetric, transitive, and equal only for the same version",
  (a, b, c) => {
    expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
    expect(compareVersions(a, b) === 0).toBe(formatVersion(a) === formatVersion(b));
    const [low, middle, high] = [a, b, c].toSorted(compareVersions);
    expect(compareVersions(low!, middle!)).toBeLessThanOrEqual(0);
    expect(compareVersions(low!, high!)).toBeLessThanOrEqual(0);
  },
);

property.prop([fc.string({ unit: "binary" })])(
  "answers any text with a version or with JAM_VERSION_INVALID free of control characters",
  (text) => {
    expect(() => parseVersion(text)).toSatisfy((parse: () => unknown) => {
      try {
        parse();
        return true;
      } catch (error) {
        return isJamError(error, "JAM_VERSION_INVALID") && !/\p{Cc}/u.test(error.message);
      }
    });
  },
);
