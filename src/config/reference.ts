import { DEFAULTS } from "./defaults.ts";
import { ENVIRONMENT_SETTINGS } from "./environment.ts";
import { configJsonSchema } from "./schema.ts";

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly const?: string | number;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** Markdown table of every key: what it may hold, its default, its variable, what it means. */
export function formatConfigReference(): string {
  const rows = describeNode(configJsonSchema(), "").map(({ key, node }) => {
    const variable = ENVIRONMENT_SETTINGS.find(({ path }) => path.join(".") === key)?.variable;
    const cells = [
      `\`${key}\``,
      describeType(node),
      describeDefault(key),
      variable ?? "",
      node.description ?? "",
    ];
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
      ...(child.items?.properties === undefined ? [] : describeNode(child.items, `${key}[].`)),
      ...(typeof other === "object" ? describeNode(other, `${key}.NAME.`) : []),
    ];
    return [{ key, node: child }, ...nested];
  });
}

function describeType(node: SchemaNode): string {
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
  const value = key
    .split(".")
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], DEFAULTS);
  if (Array.isArray(value)) return value.length === 0 ? "none" : "see below";
  return typeof value === "string" || typeof value === "number" ? `\`${value}\`` : "";
}
