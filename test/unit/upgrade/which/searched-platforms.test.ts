/** A choice of versions and a look-up search the same architectures and OS types. */
import { expect, test } from "vitest";
import { ARCHES } from "../../../../src/juju/platform.ts";
import { OS_TYPES } from "../../../../src/juju/release.ts";
import { parseVersion } from "../../../../src/juju/version.ts";
import { generationOf } from "../../../../src/juju/decisions/generation.ts";
import { lookupRulesOf } from "../../../../src/juju/metadata-search/rules.ts";
import { scopeOf } from "../../../../src/juju/metadata-search/scope.ts";
import { createIndexes } from "../../../../src/upgrade/which/version-index.ts";
import { anAgent } from "../../../helpers/agents.ts";
import { answerIn, aState, inShort } from "./state.ts";

test.for(["3.0.3", "3.1.0", "3.1.9", "3.2.4", "3.3.1", "3.4.0", "3.5.7", "3.6.27", "4.0.1"])(
  "Juju %s",
  (text) => {
    const version = parseVersion(text);
    const wish = { client: version, purpose: "upgrade", filter: {}, stream: "", development: false } as const;
    const { productIds } = scopeOf(wish, lookupRulesOf(version));
    for (const os of OS_TYPES) {
      for (const arch of ARCHES) {
        const listings = [
          {
            contentId: "com.ubuntu.juju:released:agents",
            productId: `com.ubuntu.juju:${os}:${arch}`,
            date: "20260101",
          },
        ];
        const index = createIndexes([{ ...anAgent(`3.6.5-${os}-${arch}`), listings }]).for({
          family: "agents",
          generation: generationOf(version),
          version,
        });
        const isSearched = productIds.includes(`com.ubuntu.juju:${os}:${arch}`);
        expect({ os, arch, found: !index.all.isEmpty }).toEqual({ os, arch, found: isSearched });
      }
    }
  },
);

test.for([
  ["3.1.5", "3.1.9", "upgrade 3.1.9"],
  ["3.2.3", "3.2.4", "not-found: falls-through"],
  ["3.3.1", "3.3.2", "not-found: falls-through"],
])("a version for i386 alone counts for %s up to 3.1 only", ([current, listed, answer]) => {
  expect(inShort(answerIn(aState([`${listed}@i386`]), { current }))).toBe(answer);
});
