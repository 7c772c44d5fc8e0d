import type { LoadedSettings } from "./load.ts";
import { type ConfigFile, configJsonSchema } from "./schema.ts";
import { DEFAULT_UPSTREAM, DEFAULTS, SETTING_LIST, settingVariable } from "./settings.ts";

/** One setting in effect, and where it comes from. */
export interface DescribedSetting {
  /** `fetch.limitRate` */
  readonly key: string;
  /** As written in a settings file; undefined when nothing is set and there is no default. */
  readonly value: unknown;
  /** A flag, a variable, the file's path, `default`, or the setting for all upstreams that counts for this one. */
  readonly from: string;
}

const WHOLE_KEYS = ["upstreams", "select", "deny", "channels", "advice"] as const;

/** What an upstream may have instead of the setting of the same name for the whole cache. */
const OF_UPSTREAM = ["quota", "refresh", "stale"] as const;

/** Every setting, in the order of the declarations; folders as absolute paths. */
export function describeSettings(loaded: LoadedSettings): DescribedSetting[] {
  const { settings, config, file, overrides } = loaded;
  const keys: readonly string[] = [...SETTING_LIST.map(([key]) => key), ...WHOLE_KEYS];
  const described = keys.map((key): DescribedSetting => {
    const given = at(settings, key) ?? (key === "data" ? settings.store?.path : undefined);
    const source = overrides.findLast((one) => one.key === key)?.source;
    const value = key === "data" || key === "keys" ? config[key] : (given ?? at(DEFAULTS, key));
    const from = given === undefined ? "default" : (source ?? file ?? "default");
    return { key, value: hideSecrets(value), from };
  });
  return [...described, ...describeUpstreams(loaded, described)];
}

/** What applies to each upstream in cache mode; `from` names the setting that counts where it has none of its own. */
function describeUpstreams(
  { settings: { upstreams = [DEFAULT_UPSTREAM] }, config, file }: LoadedSettings,
  described: readonly DescribedSetting[],
): DescribedSetting[] {
  return upstreams.flatMap(({ name, cache }: FileUpstream) => {
    if (config.mode !== "cache" && cache === undefined) return [];
    return OF_UPSTREAM.map((setting): DescribedSetting => {
      const key = `upstreams.${name}.cache.${setting}`;
      const own = cache?.[setting];
      if (own !== undefined) return { key, value: own, from: file ?? "default" };
      const whole = described.find((one) => one.key === `cache.${setting}`);
      return { key, value: whole?.value, from: `cache.${setting}` };
    });
  });
}

type FileUpstream = NonNullable<ConfigFile["upstreams"]>[number];

function at(value: unknown, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);
}

/** A password in an upstream's URL is not for a screen or a report. */
function hideSecrets(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  return JSON.parse(text.replaceAll(/(\/\/[^/:@"\s]+):[^/@"\s]+@/g, "$1:***@"));
}

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly const?: string | number;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

/** One key of the settings file, for references. */
export interface ConfigRow {
  /** `select[].keep` */
  readonly key: string;
  readonly type: string;
  /** As Markdown; empty without a default. */
  readonly defaultText: string;
  /** Empty for a key that no variable replaces. */
  readonly variable: string;
  /** As Markdown. */
  readonly meaning: string;
}

/** Every key: its values, default, variable and meaning. */
export function configRows(): ConfigRow[] {
  return describeNode(configJsonSchema(), "").map(({ key, node }) => {
    const declared = SETTING_LIST.find(([known]) => known === key)?.[0];
    return {
      key,
      type: describeType(node),
      defaultText: describeDefault(key),
      variable: declared === undefined ? "" : settingVariable(declared),
      meaning: node.description ?? "",
    };
  });
}

/** Markdown table of every key. */
export function formatConfigReference(): string {
  const rows = configRows().map(({ key, type, defaultText, variable, meaning }) => {
    const cells = [`\`${key}\``, type, defaultText, variable, meaning];
    return `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  });
  return ["| Key | Value | Default | Variable | Meaning |", "|---|---|---|---|---|", ...rows, ""].join("\n");
}

/** Every key of the file, as `select[].keep` and `fetch.jobs`. */
export function configKeys(): string[] {
  return describeNode(configJsonSchema(), "").map(({ key }) => key);
}

function describeNode(node: SchemaNode, prefix: string): { key: string; node: SchemaNode }[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    const other = child.additionalProperties;
    const nested = [
      ...describeNode(child, `${key}.`),
      ...variantsOf(child, `${key}.`),
      ...(child.items?.properties === undefined ? [] : describeNode(child.items, `${key}[].`)),
      ...(typeof other === "object" ? describeNode(other, `${key}.NAME.`) : []),
    ];
    return [{ key, node: child }, ...nested];
  });
}

/** The keys of a mapping that has several forms, each key once. */
function variantsOf({ oneOf = [] }: SchemaNode, prefix: string): { key: string; node: SchemaNode }[] {
  const all = oneOf.flatMap((form) => describeNode(form, prefix));
  return [...new Map(all.map((row) => [row.key, row])).values()];
}

function describeType(node: SchemaNode): string {
  if (node.oneOf !== undefined) return "mapping";
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return node.enum.join(" or ");
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(describeType))].reverse().join(" or ");
  if (Array.isArray(node.type)) return node.type.map((type) => describeType({ type })).join(" or ");
  if (node.type === "array") return node.items?.properties === undefined ? "list" : "list of mappings";
  if (node.type === "object") return "mapping";
  if (node.type === "integer") return "whole number";
  if (node.type === "boolean") return "true or false";
  return node.type === "string" ? "text" : "number";
}

function describeDefault(key: string): string {
  const value = at(DEFAULTS, key);
  if (Array.isArray(value)) return value.length === 0 ? "none" : "see below";
  return typeof value === "string" || typeof value === "number" ? `\`${value}\`` : "";
}
