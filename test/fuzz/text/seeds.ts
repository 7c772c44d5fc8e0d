import { stringify } from "yaml";
import { formatSums } from "../../../src/shared/sums.ts";
import { formatInventory } from "../../../src/bundle/format/inventory.ts";
import { formatManifest } from "../../../src/bundle/format/manifest.ts";
import { formatReceipt, groupReceived } from "../../../src/bundle/format/receipt.ts";
import { formatLabel } from "../../../src/bundle/format/volume-label.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { fleetFiles } from "../../helpers/example-fleet.ts";
import { clearSign } from "../../peers/sample-upstream/sign.ts";
import { buildSampleTree, type SampleTree } from "../../peers/sample-upstream/tree.ts";
import { sampleBundle, withChanges } from "../bundle/sample-bundle.ts";
import { planText } from "./plan-seed.ts";
import { QUESTIONS, SETTINGS, WORDS } from "./written-seeds.ts";

/** Valid documents of every kind that comes from outside. */
export interface Seeds {
  readonly tree: SampleTree;
  readonly signed: readonly string[];
  readonly index: readonly string[];
  readonly products: readonly string[];
  readonly mirrors: readonly string[];
  readonly fleet: readonly string[];
  readonly settings: readonly string[];
  readonly label: readonly string[];
  readonly manifest: readonly string[];
  readonly have: readonly string[];
  readonly questions: readonly string[];
  readonly plan: readonly string[];
  readonly advice: readonly string[];
  readonly sums: readonly string[];
  readonly key: readonly string[];
  readonly words: readonly string[];
}

const INDEX = "streams/v1/index2.json";
const PRODUCTS = "streams/v1/com.ubuntu.juju-released-agents.json";

/** Small valid documents; mutants are made of them. */
export async function makeSeeds(now: Date): Promise<Seeds> {
  const options = { arches: ["amd64", "arm64"], streams: ["released"], tarballBytes: 100, now } as const;
  const tree = await buildSampleTree({ ...options, oses: ["ubuntu"], releases: ["3.6.26", "4.0.15"] });
  const products = tree.text(PRODUCTS);
  const { manifest } = await sampleBundle(tree, now, { advice: ADVICE });
  const inventory = formatInventory(inventoryOf(now));
  const receipt = formatReceipt(receiptOf(now));
  return {
    tree,
    signed: [
      tree.documents.get("streams/v1/index2.sjson")?.toString() ?? "",
      await clearSign(receipt, tree.key, now),
      await clearSign("- a line with a dash\n\n  blanks   \nFrom here\n", tree.key, now),
    ],
    index: [tree.text(INDEX)],
    products: [products, JSON.stringify(JSON.parse(products)), withAliases(products)],
    mirrors: [MIRRORS],
    fleet: [...fleetFiles().values()].filter((text) => text.length < 12_000),
    settings: [...SETTINGS],
    label: [
      Buffer.from(
        formatLabel({
          format: "jam-volume:1",
          bundle: manifest.id,
          number: 1,
          count: 2,
          volumeSize: 51_200,
          firstPart: null,
          lastPart: sha256Of("part"),
        }),
      ).toString(),
    ],
    manifest: [manifest, withChanges(manifest, { scope: "selection", missing: MISSING })].map((one) =>
      Buffer.from(formatManifest(one)).toString(),
    ),
    have: [inventory, FLEET_INVENTORY, receipt],
    questions: [...QUESTIONS],
    plan: [planText(now), stringify(JSON.parse(planText(now)))],
    advice: [JSON.stringify({ format: "jam-carried-advice:1", bundle: manifest.id, advice: ADVICE })],
    sums: [
      formatSums([
        { name: "jam-x.001.tar", sha256: sha256Of("1") },
        { name: "a", sha256: sha256Of("2") },
      ]),
    ],
    key: [tree.key.publicKeyArmored],
    words: [...WORDS],
  };
}

const ADVICE = [
  {
    from: "*",
    to: ">=3.6.7 <3.6.9",
    severity: "block",
    reason: "breaks relations",
    link: "https://bugs.example/1",
  },
] as const;
const MISSING = [{ agent: "3.6.1-ubuntu-amd64", reason: "its tarball is not held" }];

const MIRRORS = JSON.stringify({
  format: "mirrors:1.0",
  updated: "Mon, 23 Nov 2026 10:54:46 +0000",
  mirrors: {
    "com.ubuntu.juju:released:agents": [
      {
        mirror: "https://mirror.example/tools",
        path: "streams/v1/x.json",
        datatype: "content-download",
        clouds: [{ region: "r", endpoint: "https://cloud.example" }],
      },
    ],
  },
});

const FLEET_INVENTORY = formatInventory({
  format: "jam-inventory:1",
  kind: "fleet",
  createdAt: "2026-11-27T20:15:00.000Z",
  versions: [{ version: "3.6.5", release: "ubuntu", arch: "amd64" }],
});

/** With fields moved up and an alias, as the simplestreams tools write documents. */
function withAliases(text: string): string {
  const document = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify({
    _aliases: { crsn: { one: { arch: "arm64", release: "ubuntu" } } },
    ftype: "tar.gz",
    ...document,
  });
}

function inventoryOf(now: Date) {
  const bundle = "20261127T201500Z-1a2b3c4d5e6f";
  const at = now.toISOString();
  return {
    format: "jam-inventory:1",
    kind: "mirror",
    createdAt: at,
    site: "plant-7",
    snapshot: "20261127T201500Z-1a2b3c4d",
    tarballs: [{ sha256: sha256Of("a"), size: 100, agents: ["3.6.5-ubuntu-amd64"], bundle }],
    documents: [{ sha256: sha256Of("b") }],
    bundles: [{ id: bundle, createdAt: at, importedAt: at }],
  } as const;
}

function receiptOf(now: Date) {
  const contents = Array.from({ length: 20 }, (_, index) => sha256Of(`${index}`));
  const bundleOf = new Map(contents.slice(0, 9).map((sha256) => [sha256, "20261127T201500Z-1a2b3c4d5e6f"]));
  return {
    format: "jam-receipt:1",
    site: "plant-7",
    createdAt: now.toISOString(),
    snapshot: "20261127T201500Z-1a2b3c4d",
    ...groupReceived(contents, bundleOf),
    agents: 20,
    bytes: 2000,
  } as const;
}
