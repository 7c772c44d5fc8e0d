import type { AdviceSeverity, Knowledge } from "../juju/knowledge/knowledge.ts";
import type { Agent } from "../juju/agent.ts";
import { edgeBetween } from "../juju/upgrade-edge.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  parseVersion,
  type JujuVersion,
} from "../juju/version.ts";

export interface GraphNode {
  readonly version: string;
  readonly held: boolean;
  readonly arches: readonly string[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly how: "upgrade" | "migrate";
  readonly because: string;
  readonly risks: readonly { readonly severity: AdviceSeverity; readonly reason: string }[];
}

/** Versions, oldest first, and the moves between them that Juju allows and no advice blocks. */
export interface UpgradeGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphInput {
  readonly held: readonly Agent[];
  /** Empty for the graph of what is held. */
  readonly upstream: readonly Agent[];
  readonly knowledge: Knowledge;
  /** Only versions that can be reached from this one, which becomes a node. */
  readonly from: JujuVersion | undefined;
  /** Every allowed upgrade; else only those to the newest version of a minor. */
  readonly isWhole: boolean;
}

/** The upgrade graph of the agents that are known. */
export function makeUpgradeGraph(input: GraphInput): UpgradeGraph {
  const versions = versionsOf(input);
  const newest = newestOfMinors(versions.map(({ number }) => number));
  const edges: GraphEdge[] = [];
  const reached = new Set(input.from === undefined ? undefined : [formatVersion(input.from)]);
  for (const { number: from, node } of versions) {
    if (input.from !== undefined && !reached.has(node.version)) continue;
    for (const { number: to, node: target } of versions) {
      if (!input.isWhole && !newest.has(target.version)) continue;
      const edge = edgeBetween(from, to, input.knowledge);
      if (edge === undefined) continue;
      reached.add(target.version);
      edges.push({
        from: node.version,
        to: target.version,
        how: edge.kind === "in-place" ? "upgrade" : "migrate",
        because: edge.rule.because,
        risks: edge.advice.map(({ severity, reason }) => ({ severity, reason })),
      });
    }
  }
  const nodes = versions.map(({ node }) => node);
  return {
    nodes: input.from === undefined ? nodes : nodes.filter(({ version }) => reached.has(version)),
    edges,
  };
}

interface KnownVersion {
  readonly number: JujuVersion;
  readonly node: GraphNode;
}

function versionsOf({ held, upstream, from }: GraphInput): KnownVersion[] {
  const arches = new Map<string, Set<string>>();
  for (const { version, arch } of [...held, ...upstream]) {
    arches.set(version, (arches.get(version) ?? new Set()).add(arch));
  }
  if (from !== undefined && !arches.has(formatVersion(from))) arches.set(formatVersion(from), new Set());
  const isHeld = new Set(held.map(({ version }) => version));
  return [...arches]
    .map(([version, found]) => ({
      number: parseVersion(version),
      node: { version, held: isHeld.has(version), arches: [...found].sort() },
    }))
    .toSorted((a, b) => compareVersions(a.number, b.number));
}

/** The newest final release of each minor; if there is none, its newest pre-release. */
function newestOfMinors(versions: readonly JujuVersion[]): Set<string> {
  const newest = new Map<string, JujuVersion>();
  for (const version of versions) {
    const minor = formatMajorMinor(version);
    const before = newest.get(minor);
    if (before === undefined || isPrerelease(before) || !isPrerelease(version)) newest.set(minor, version);
  }
  return new Set([...newest.values()].map(formatVersion));
}

/** The graph for Graphviz; migrations are dashed, versions that are not held are grey. */
export function formatDot({ nodes, edges }: UpgradeGraph): string {
  const lines = ["digraph upgrades {", "  rankdir=LR;", "  node [shape=box];"];
  for (const { version, held } of nodes) lines.push(`  "${version}"${held ? "" : " [color=gray]"};`);
  for (const { from, to, how, risks } of edges) {
    const attributes = [
      ...(how === "migrate" ? ["style=dashed"] : []),
      ...(risks.length > 0 ? ["color=orange"] : []),
    ];
    lines.push(`  "${from}" -> "${to}"${attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`};`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
}

function mermaidId(version: string): string {
  return `v${version.replaceAll(/[^a-z0-9]/g, "_")}`;
}

/** The graph for Mermaid, as Markdown pages show it; migrations are dotted. */
export function formatMermaid({ nodes, edges }: UpgradeGraph): string {
  const lines = ["graph LR"];
  for (const { version, held } of nodes)
    lines.push(`  ${mermaidId(version)}["${version}${held ? "" : " (not held)"}"]`);
  for (const { from, to, how, risks } of edges) {
    const label = risks.length === 0 ? "" : `|${risks[0]?.severity ?? ""}|`;
    lines.push(`  ${mermaidId(from)} ${how === "migrate" ? "-.->" : "-->"}${label} ${mermaidId(to)}`);
  }
  return `${lines.join("\n")}\n`;
}
