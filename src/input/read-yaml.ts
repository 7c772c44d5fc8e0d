import {
  boolCoreTag,
  intCoreTag,
  loadAll,
  mapTag,
  nullCoreTag,
  Schema,
  seqTag,
  strTag,
  YAMLException,
} from "js-yaml";
import { MAX_DOCUMENT_BYTES } from "../shared/limits.ts";

/** The documents of a YAML text, or where and why it is not YAML. */
export type YamlRead =
  | { readonly documents: readonly unknown[] }
  | { readonly at: number; readonly kind: "syntax" | "repeated-key" | "too-deep"; readonly what: string };

export const YAML_LIMITS = {
  /** UTF-16 units. YAML takes ten times the memory of JSON to read; a status of 10,000 machines has 12 million. */
  maxCharacters: MAX_DOCUMENT_BYTES,
  maxDepth: 100,
} as const;

/**
 * What Juju prints, and no more: null, true, whole numbers, texts. Without a tag for fractions `channel: 20.10` stays
 * `20.10` when another tool has left its quotes out. js-yaml makes values without a tree of nodes in between: a tenth of
 * the memory that the `yaml` package takes.
 */
const JUJU_SCHEMA = new Schema([nullCoreTag, boolCoreTag, intCoreTag, strTag, mapTag, seqTag]);

/** Every document of a YAML text. A key that is in a mapping twice, and aliases, which Juju never prints, are faults. */
export function readYaml(text: string): YamlRead {
  try {
    return {
      documents: loadAll(text, { schema: JUJU_SCHEMA, maxDepth: YAML_LIMITS.maxDepth, maxAliases: 0 }),
    };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const at = mark?.position ?? 0;
    if (reason.startsWith("duplicated mapping key")) {
      const key = /^\s*(?:- )?("[^"]*"|'[^']*'|[^\s:]+)\s*:/.exec(text.slice(at, at + 200))?.[1] ?? "";
      return { at, kind: "repeated-key", what: `the key ${key} is there twice` };
    }
    const isDeep = reason.startsWith("nesting exceeded");
    return { at, kind: isDeep ? "too-deep" : "syntax", what: isDeep ? "nested too deep" : reason };
  }
}
