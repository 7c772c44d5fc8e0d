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
  | "signed-in-future";

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
  "signed-in-future": ({ tree, path, text }) =>
    signText(path, text, tree.key, new Date(tree.now.getTime() + FUTURE_MS)),
};

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
