import type { ModelFacts } from "./facts.ts";

/** Looks at one model that agree with each other. */
export type Look = ModelFacts[];

/** Different looks at one model that are told apart; more are each taken for one of their own. */
const MAX_COMPARED = 50;

/**
 * Statuses of what may be one model, sorted into looks that do not contradict each other. Two agree when they name one
 * version and tell the same of every machine and unit that both have; one may have more than the other (`juju status
 * APPLICATION` prints a part).
 */
export function sortIntoLooks(facts: readonly ModelFacts[]): Look[] {
  const looks: { readonly look: Look; readonly signs: Map<string, string> }[] = [];
  for (const one of facts) {
    const signs = signsOf(one);
    const same = looks.slice(0, MAX_COMPARED).find((known) => agrees(known.signs, signs));
    if (same === undefined) looks.push({ look: [one], signs });
    else {
      same.look.push(one);
      for (const [key, sign] of signs) same.signs.set(key, sign);
    }
  }
  return looks.map(({ look }) => look);
}

function signsOf({ version, type, machines = [], units = [] }: ModelFacts): Map<string, string> {
  const signs = new Map<string, string>();
  if (version !== undefined) signs.set("version", version);
  if (type !== undefined) signs.set("type", type);
  for (const one of machines) {
    signs.set(`machine ${one.id}`, `${one.version} ${one.arch} ${one.base} ${one.state} ${one.instanceId}`);
  }
  for (const one of units) {
    signs.set(`unit ${one.name}`, `${one.version} ${one.state} ${one.machine}`);
  }
  return signs;
}

function agrees(known: ReadonlyMap<string, string>, signs: ReadonlyMap<string, string>): boolean {
  const [few, many] = known.size < signs.size ? [known, signs] : [signs, known];
  for (const [key, sign] of few) {
    const other = many.get(key);
    if (other !== undefined && other !== sign) return false;
  }
  return true;
}
