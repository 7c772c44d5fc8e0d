/**
 * Groups of modules that import each other, directly or over others, types included: within a group no module can be
 * read before the others. Modules in the order of their paths. `imports` names, for each module, the modules it imports.
 */
export function findCycles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  return [...imports.keys()].sort().flatMap((module) => {
    const others = reachableFrom(module, imports);
    if (!others.has(module)) return [];
    const group = [...others].filter((other) => reachableFrom(other, imports).has(module)).sort();
    return group[0] === module ? [group] : [];
  });
}

function reachableFrom(module: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const waiting = [...(imports.get(module) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(imports.get(next) ?? []));
  }
  return seen;
}
