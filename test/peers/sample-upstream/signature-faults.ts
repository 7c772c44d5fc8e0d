import { generateSampleKey } from "./sign.ts";
import { signedPath, signText, type SampleTree } from "./tree.ts";

/** What is wrong with the `.sjson` of a document. */
export type SignatureFault =
  | "missing"
  | "unsigned"
  | "foreign-key"
  | "altered"
  | "truncated"
  | "text-before"
  | "text-after"
  | "two-blocks"
  | "empty-signature"
  | "signed-in-future"
  /** A carriage return in a text of the JSON, between its values, or in the armour. */
  | "lone-cr"
  | "lone-cr-between"
  | "lone-cr-in-armor"
  /** A signature that fits and one of the same key that does not. */
  | "good-then-bad"
  | "bad-then-good"
  /** Two signatures of the same key that fit. */
  | "twice"
  /** Next to one that fits, one of a key that nobody knows: nothing to refuse. */
  | "co-signed"
  | "wrong-checksum"
  | "marker-packet"
  | "no-hash-header"
  | "other-hash-header";

interface Document {
  readonly tree: SampleTree;
  readonly path: string;
  readonly text: string;
  readonly signed: string;
}

type Spoil = (document: Document) => Promise<string> | string | undefined;

const FUTURE_MS = 3 * 86_400_000;
const FORGED_TEXT = '{"format": "index:1.0"}\n';

const SPOIL: Readonly<Record<SignatureFault, Spoil>> = {
  missing: () => undefined,
  unsigned: ({ text }) => text,
  "foreign-key": async ({ tree, path, text }) =>
    signText(path, text, await generateSampleKey("foreign"), tree.now),
  altered: ({ signed }) => signed.replace('"updated"', '"Updated"'),
  truncated: ({ signed }) => signed.slice(0, -200),
  "text-before": ({ signed }) => `${FORGED_TEXT}${signed}`,
  "text-after": ({ signed }) => `${signed}${FORGED_TEXT}`,
  "two-blocks": ({ signed }) => `${signed}${signed}`,
  "empty-signature": ({ signed }) => signed.replace(/(BEGIN PGP SIGNATURE-----\n\n)[^-]*/, "$1"),
  "lone-cr": ({ signed }) => signed.replace('"upd', '"upd\r'),
  "lone-cr-between": ({ signed }) => signed.replace(": {\n", ": {\r \n"),
  "lone-cr-in-armor": ({ signed }) => signed.replace(/(SIGNATURE-----\n\n.{20})/, "$1\r"),
  "good-then-bad": async (document) => withPackets(document, [await own(document), await bad(document)]),
  "bad-then-good": async (document) => withPackets(document, [await bad(document), await own(document)]),
  twice: async (document) => withPackets(document, [await own(document), await own(document)]),
  "co-signed": async (document) => withPackets(document, [await foreign(document), await own(document)]),
  "wrong-checksum": ({ signed }) => signed.replace(/^=.{4}$/m, "=AAAA"),
  "marker-packet": async (document) => withPackets(document, [MARKER, await own(document)]),
  "no-hash-header": ({ signed }) => signed.replace(/^Hash: .*\n/m, ""),
  "other-hash-header": ({ signed }) => signed.replace(/^Hash: .*$/m, "Hash: SHA224"),
  "signed-in-future": ({ tree, path, text }) =>
    signText(path, text, tree.key, new Date(tree.now.getTime() + FUTURE_MS)),
};

/** Source: RFC 9580 §5.8 */
const MARKER = Buffer.from([0xca, 3, 0x50, 0x47, 0x50]);

async function packetOf(signed: string): Promise<Uint8Array> {
  const { readSignature } = await import("openpgp");
  const armoredSignature = signed.slice(signed.indexOf("-----BEGIN PGP SIGNATURE-----"));
  return (await readSignature({ armoredSignature })).write() as Uint8Array;
}

const own = ({ signed }: Document) => packetOf(signed);
const bad = async ({ tree, path }: Document) =>
  packetOf(await signText(path, FORGED_TEXT, tree.key, tree.now));
const foreign = async ({ tree, path, text }: Document) =>
  packetOf(await signText(path, text, await generateSampleKey("foreign"), tree.now));

async function withPackets({ signed }: Document, packets: readonly Uint8Array[]): Promise<string> {
  const { armor, enums } = await import("openpgp");
  const block = armor(enums.armor.signature, Buffer.concat(packets), undefined, undefined, undefined, true);
  return signed.slice(0, signed.indexOf("-----BEGIN PGP SIGNATURE-----")) + block.replaceAll("\r", "");
}

/** The tree with the signed twin of `path` (which ends in `.json`) spoilt; the unsigned document stays. */
export async function withSignatureFault(
  tree: SampleTree,
  path: string,
  fault: SignatureFault,
): Promise<SampleTree> {
  const twin = signedPath(path);
  const document = { tree, path, text: tree.text(path), signed: tree.text(twin) };
  return tree.withDocument(twin, await SPOIL[fault](document));
}
