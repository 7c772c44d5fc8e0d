import { z } from "zod";
import { parseAgentBinary } from "../../juju/agent-binary.ts";
import { isArchWord } from "../../juju/arch.ts";
import { isReleaseWord } from "../../juju/release.ts";
import { formatVersion, isVersion, parseVersion } from "../../juju/version.ts";
import { isJamError } from "../../shared/errors.ts";
import { listOf } from "../../upgrade/list-of.ts";
import type { JsonObject } from "../../simplestreams/json-text.ts";
import { INVENTORY_FORMAT, type Inventory, type MirrorInventory } from "./inventory.ts";
import { bundleId, sha256Text, snapshotId } from "./parse-manifest.ts";
import { siteName } from "./site-name.ts";
import { checkDocument, faultAt, type DocumentExpectation } from "./strict-document.ts";

/** More tarballs or agents than any mirror has by orders of magnitude. */
const MAX_ROWS = 100_000;
/** More imports than a mirror remembers; every one may become a part of a bundle's baseline. */
const MAX_BUNDLES = 500;
const MAX_TARBALL_BYTES = 2 ** 40;

const EXPECTED: DocumentExpectation = {
  code: "JAM_INVENTORY_INVALID",
  what: "an inventory",
  format: INVENTORY_FORMAT,
  hint: "Write one on the far side: jam inventory --to inventory.json",
};

const instant = z.iso.datetime({ offset: false });
const agentName = z.string().max(300).refine(isAgentName, "expected an agent such as 3.6.5-ubuntu-amd64");
const version = z
  .string()
  .max(100)
  .refine(
    (text) => isVersion(text) && formatVersion(parseVersion(text)) === text,
    "expected a version such as 3.6.5",
  );

const inventory = z.discriminatedUnion("kind", [
  z.strictObject({
    format: z.literal(INVENTORY_FORMAT),
    kind: z.literal("mirror"),
    createdAt: instant,
    site: siteName.exactOptional(),
    snapshot: snapshotId.nullable(),
    tarballs: listOf(
      z.strictObject({
        sha256: sha256Text,
        size: z.int().min(1).max(MAX_TARBALL_BYTES),
        agents: listOf(agentName, { min: 1, max: MAX_ROWS }),
        bundle: bundleId.exactOptional(),
      }),
      { max: MAX_ROWS },
    ),
    documents: listOf(z.strictObject({ sha256: sha256Text, bundle: bundleId.exactOptional() }), {
      max: MAX_ROWS,
    }),
    bundles: listOf(z.strictObject({ id: bundleId, createdAt: instant, importedAt: instant }), {
      max: MAX_BUNDLES,
    }),
  }),
  z.strictObject({
    format: z.literal(INVENTORY_FORMAT),
    kind: z.literal("fleet"),
    createdAt: instant,
    versions: listOf(
      z.strictObject({
        version,
        release: z.string().refine(isReleaseWord, "expected an OS type or a series").exactOptional(),
        arch: z.string().refine(isArchWord, "expected an architecture such as amd64"),
      }),
      { min: 1, max: MAX_ROWS },
    ),
  }),
]);

/**
 * The inventory that this object is, checked in every field; `name` is for messages.
 * @throws JamError JAM_INVENTORY_INVALID naming file and place
 */
export function parseInventory(value: JsonObject, name: string): Inventory {
  const checked = checkDocument(inventory, value, name, EXPECTED);
  if (checked.kind === "mirror") requireKnownBundles(checked, name);
  return checked;
}

function requireKnownBundles({ tarballs, documents, bundles }: MirrorInventory, name: string): void {
  const known = new Set(bundles.map(({ id }) => id));
  const lists = { tarballs, documents };
  for (const [list, rows] of Object.entries(lists)) {
    const index = rows.findIndex(({ bundle }) => bundle !== undefined && !known.has(bundle));
    if (index === -1) continue;
    throw faultAt(name, `${list}/${index}/bundle`, "it is none of the listed bundles", EXPECTED);
  }
}

function isAgentName(name: string): boolean {
  try {
    parseAgentBinary(name);
    return /^[A-Za-z0-9._-]+$/.test(name);
  } catch (error) {
    if (isJamError(error, "JAM_VERSION_INVALID")) return false;
    throw error;
  }
}
