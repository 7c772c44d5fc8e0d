import { parseVersion } from "../../juju/version.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { createMirrorReader } from "../../upgrade/lookup/mirror-reader.ts";
import type { LookupReader } from "../../upgrade/lookup/lookup-source.ts";
import { lookUpAgents, type LookupResult } from "../../upgrade/lookup/run-lookup.ts";
import { nameSome } from "../../shared/listed.ts";
import type { FoundFact } from "../finding.ts";

/** A release of each generation that looks agents up in another way. */
const CLIENTS = ["1.20.14", "1.25.13", "2.0.4", "2.8.13", "2.9.60", "3.1.8", "3.6.11", "4.0.5"];

/** Names that one finding lists. */
const MAX_NAMED = 10;

/**
 * Looks all agents up as each generation of Juju does, at the address and at a server as it should be, and compares what they
 * find. Gives the number of generations.
 */
export async function checkLookups(
  base: string,
  snapshot: Snapshot,
  reader: LookupReader,
): Promise<{ readonly generations: number; readonly facts: readonly FoundFact[] }> {
  const right = createMirrorReader({
    base,
    snapshot,
    tarballType: () => "application/x-gzip",
    sizeOf: async () => undefined,
    reader,
  });
  const facts: FoundFact[] = [];
  for (const client of CLIENTS) {
    const [expected, found] = [await lookUp(client, base, right), await lookUp(client, base, reader)];
    const difference = compare(expected, found);
    if (difference !== undefined)
      facts.push({ kind: "url-lookup", where: base, found: `Juju ${client} ${difference}` });
  }
  return { generations: CLIENTS.length, facts };
}

function lookUp(client: string, base: string, reader: LookupReader): Promise<LookupResult> {
  const source = { name: "agent-metadata-url", url: base, hasKey: true, requiresSigned: false };
  const query = { purpose: "upgrade", filter: {}, stream: "", development: true } as const;
  const cloud = { region: "", endpoint: "" };
  return lookUpAgents({ client: parseVersion(client), ...query, cloud, sources: [source] }, reader);
}

function compare(expected: LookupResult, found: LookupResult): string | undefined {
  if (expected.outcome !== found.outcome) return `ends with "${found.outcome}": ${found.message ?? ""}`;
  const [right, seen] = [keysOf(expected), keysOf(found)];
  const [missing, extra] = [right.difference(seen), seen.difference(right)];
  if (missing.size > 0) return `does not find ${missing.size} of ${right.size} agents: ${nameKeys(missing)}`;
  return extra.size > 0
    ? `finds ${extra.size} agents that are not in the mirror: ${nameKeys(extra)}`
    : undefined;
}

function keysOf({ found }: LookupResult): Set<string> {
  return new Set(found.map(({ name, sha256 }) => `${name} ${sha256}`));
}

function nameKeys(keys: ReadonlySet<string>): string {
  return nameSome(
    [...keys].map((key) => key.split(" ", 1)[0] ?? ""),
    MAX_NAMED,
  );
}
