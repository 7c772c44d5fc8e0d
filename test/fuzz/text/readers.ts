import { parsePathSums, parseSums } from "../../../src/shared/sums.ts";
import { carriedContents, contentsOf } from "../../../src/bundle/format/manifest.ts";
import { parseManifest } from "../../../src/bundle/format/parse-manifest.ts";
import { parseLabel } from "../../../src/bundle/format/volume-label.ts";
import { planVolumes } from "../../../src/bundle/format/volume-plan.ts";
import { fleetInventory } from "../../../src/bundle/inventory/fleet-inventory.ts";
import { isSigned, tidySignedBlock } from "../../../src/bundle/site/read-receipts.ts";
import { readSiteInventory } from "../../../src/bundle/site/site-inventory.ts";
import { parseReport } from "../../../src/bundle/verify/verify-report.ts";
import { resolveConfig } from "../../../src/config/config.ts";
import { MAX_FILE_BYTES } from "../../../src/config/load.ts";
import { parseConfig } from "../../../src/config/parse-file.ts";
import { findListen, parsePercent } from "../../../src/config/values.ts";
import { parseAgentBinary } from "../../../src/juju/agent.ts";
import { buildCatalogue } from "../../../src/juju/catalogue.ts";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { UnreadableJson } from "../../../src/juju/metadata-search/go-json.ts";
import { readJujuIndex } from "../../../src/juju/metadata-search/index-document.ts";
import { readMirrorPlace, readMirrorReferences } from "../../../src/juju/metadata-search/mirrors-document.ts";
import { readJujuProducts } from "../../../src/juju/metadata-search/product-document.ts";
import { parseStreamContentId } from "../../../src/juju/stream.ts";
import { parseVersionRange } from "../../../src/juju/version-range.ts";
import { readVersionText } from "../../../src/juju/version-text.ts";
import { knowledgeOf } from "../../../src/mirror/knowledge.ts";
import { parseKeyring, type Keyring } from "../../../src/openpgp/keyring.ts";
import { verifyDocument } from "../../../src/openpgp/verify-document.ts";
import { parseByteSize } from "../../../src/shared/byte-size.ts";
import { parseDurationMs } from "../../../src/shared/duration.ts";
import { JamError, reportError } from "../../../src/shared/errors.ts";
import { parseIndexFile } from "../../../src/simplestreams/index-file.ts";
import { pathFault } from "../../../src/simplestreams/item-path.ts";
import { parseJsonObject } from "../../../src/simplestreams/json-text.ts";
import { parseProductFile } from "../../../src/simplestreams/product-file.ts";
import { splitSignedText } from "../../../src/simplestreams/signed-text.ts";
import { parseUpdated } from "../../../src/simplestreams/updated.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import { parsePlan } from "../../../src/upgrade/plan/plan-document.ts";
import { parseQuestions } from "../../../src/upgrade/which/question-document.ts";
import { createState } from "../../../src/upgrade/which/which-state.ts";
import { answerBatch } from "../../../src/upgrade/which/which.ts";
import type { Seeds } from "./seeds.ts";

/** A reader of text from outside: what it is given, and what it does with it. */
export interface Reader {
  readonly name: Exclude<keyof Seeds, "tree"> | "verify" | "json" | "lookup";
  /** Valid documents. */
  readonly seeds: readonly string[];
  /** How many of all mutants it gets, compared with others: what takes longer gets fewer. */
  readonly share: number;
  /** Reads and uses the text. Refusals are thrown. */
  readonly read: (text: string) => unknown;
}

const CONTENT_ID = "com.ubuntu.juju:released:agents";
const CLOUD = { region: "r", endpoint: "https://cloud.example" };
const NAME = "mutant";

/** Every reader, with what it starts from. */
export async function makeReaders(seeds: Seeds, now: Date): Promise<readonly Reader[]> {
  const keyring = await parseKeyring(Buffer.from(seeds.tree.key.publicKeyArmored), "sample");
  return [
    ...ofMetadata(seeds),
    ...ofSignatures(seeds, keyring, now),
    ...ofBundles(seeds, now),
    ...ofOperators(seeds, now),
  ];
}

function ofMetadata(seeds: Seeds): Reader[] {
  const { agents } = buildCatalogue(new Map([[CONTENT_ID, parseProductFile(seeds.products[0] ?? "", NAME)]]));
  const world = createState({ held: agents, upstream: agents }, JUJU_KNOWLEDGE);
  const documents = [...seeds.index, ...seeds.products, ...seeds.mirrors];
  return [
    { name: "json", seeds: documents, share: 10, read: (text) => parseJsonObject(text, NAME) },
    { name: "index", seeds: seeds.index, share: 10, read: (text) => parseIndexFile(text, NAME) },
    {
      name: "products",
      seeds: seeds.products,
      share: 12,
      read: (text) => buildCatalogue(new Map([[CONTENT_ID, parseProductFile(text, NAME)]])),
    },
    {
      name: "lookup",
      seeds: documents,
      share: 6,
      read: (text) => {
        const bytes = Buffer.from(text);
        return [
          () => readJujuIndex(bytes),
          () => readJujuProducts(bytes),
          () => readMirrorReferences(bytes, CONTENT_ID),
          () => readMirrorPlace(bytes, CONTENT_ID, CLOUD),
        ].map(unlessUnreadable);
      },
    },
    {
      name: "questions",
      seeds: seeds.questions,
      share: 10,
      read: (text) => JSON.stringify(answerBatch(world, parseQuestions(text, NAME), true)),
    },
  ];
}

function unlessUnreadable(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableJson) return undefined;
    throw error;
  }
}

function ofSignatures(seeds: Seeds, keyring: Keyring, now: Date): Reader[] {
  return [
    {
      name: "signed",
      seeds: seeds.signed,
      share: 12,
      read: (text) => [
        isSigned(text),
        tidySignedBlock(text),
        splitSignedText(text, NAME),
        splitSignedText(tidySignedBlock(text), NAME),
      ],
    },
    {
      name: "verify",
      seeds: seeds.signed,
      share: 1,
      read: (document) => verifyDocument({ document, name: NAME, keyring, now: now.getTime() }),
    },
    {
      name: "key",
      seeds: seeds.key,
      share: 0.5,
      read: (text) => parseKeyring(Buffer.from(text, "latin1"), NAME),
    },
  ];
}

function trustNobody(): Promise<never> {
  return Promise.reject(new JamError("JAM_SIGNER_UNKNOWN", "nobody is trusted here"));
}

function ofBundles(seeds: Seeds, now: Date): Reader[] {
  return [
    { name: "label", seeds: seeds.label, share: 6, read: (text) => parseLabel(Buffer.from(text), NAME) },
    {
      name: "manifest",
      seeds: seeds.manifest,
      share: 8,
      read: (text) => {
        const bytes = Buffer.from(text);
        const manifest = parseManifest(bytes, NAME);
        contentsOf(manifest);
        const layout = {
          contents: carriedContents(manifest),
          manifestBytes: bytes.length,
          signatureBytes: 300,
        };
        return [
          planVolumes({ ...layout, volumeSize: undefined }),
          planVolumes({ ...layout, volumeSize: 2 ** 20 }),
        ];
      },
    },
    {
      name: "have",
      seeds: seeds.have,
      share: 8,
      read: async (text) => {
        const have = await readSiteInventory(
          { name: NAME, text },
          { verify: trustNobody, allowUnsigned: true },
        );
        return have.describe;
      },
    },
    {
      name: "sums",
      seeds: [...seeds.sums, '{"repair":{"bundle":null,"volumeSize":51200,"volumes":[1,2]}}'],
      share: 3,
      read: (text) => [parseSums(text), parsePathSums(text), parseReport({ name: NAME, text })],
    },
    {
      name: "advice",
      seeds: seeds.advice,
      share: 4,
      read: (text) => knowledgeOf({ get: () => Promise.resolve(Buffer.from(text)) }, []),
    },
    {
      name: "fleet",
      seeds: seeds.fleet,
      share: 4,
      read: (text) => {
        const fleet = readFleet([{ name: NAME, text }]);
        return fleetInventory(fleet, { assumedArches: ["amd64"], now });
      },
    },
  ];
}

function ofOperators(seeds: Seeds, _now: Date): Reader[] {
  return [
    {
      name: "settings",
      seeds: seeds.settings,
      share: 4,
      read: (text) => {
        // Larger files are refused before they are parsed.
        if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw new JamError("JAM_CONFIG_INVALID", "too large");
        return resolveConfig(parseConfig({ file: NAME, text, environment: [] }), "/x/jam.yaml", "/x");
      },
    },
    { name: "plan", seeds: seeds.plan, share: 5, read: (text) => parsePlan({ name: NAME, text }) },
    {
      name: "words",
      seeds: seeds.words,
      share: 4,
      read: (text) => [
        readVersionText(text),
        parseByteSize(text),
        parseDurationMs(text),
        findListen(text),
        parsePercent(text),
        parseUpdated(text),
        parseStreamContentId(text),
        pathFault(text),
        unlessRefused(() => parseAgentBinary(text)),
        unlessRefused(() => parseAgentBinary(text, "1.25")),
        unlessRefused(() => parseVersionRange(text)),
      ],
    },
  ];
}

/** Several words are read in one run: one that is refused leaves the others. */
function unlessRefused(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof JamError && error.code !== "JAM_INTERNAL") return reportError(error);
    throw error;
  }
}
