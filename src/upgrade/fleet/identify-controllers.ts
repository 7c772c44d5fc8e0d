import type { ControllerFacts, Facts, ModelFacts } from "./facts.ts";

/** A controller, and the facts about it, while files are joined. */
export interface ControllerEntry {
  readonly uuid: string | undefined;
  readonly names: Set<string>;
  readonly facts: ControllerFacts[];
  /** Files that name it. */
  readonly files: Set<string>;
  /** The file that distinguishes it from others of its name, if nothing else does. */
  readonly onlyIn: string | undefined;
  isJaas: boolean;
}

/** The controllers of a fleet: by UUID if a file contains one, else by name. */
export class ControllerDirectory {
  readonly #byUuid = new Map<string, ControllerEntry>();
  readonly #byName = new Map<string, ControllerEntry[]>();
  readonly #nameOnly = new Map<string, ControllerEntry>();

  constructor({ controllers, models }: Facts) {
    for (const one of controllers.filter(({ uuid }) => uuid !== undefined)) this.#take(one.uuid, one);
    for (const model of models) {
      if (model.controllerUuid === undefined) continue;
      const { controllerName, controllerUuid, origin } = model;
      const entry = this.#entry(controllerUuid);
      entry.files.add(origin.file);
      if (controllerName !== undefined) this.#name(entry, controllerName);
    }
    for (const one of controllers.filter(({ uuid }) => uuid === undefined)) {
      const [only, ...others] = this.named(one.name);
      const entry = only === undefined || others.length > 0 ? this.nameOnly(one.name) : only;
      entry.facts.push(one);
      entry.files.add(one.origin.file);
    }
    for (const uuid of findJaas(models)) this.#entry(uuid).isJaas = true;
  }

  /** All entries, in no order. */
  get entries(): ControllerEntry[] {
    return [...this.#byUuid.values(), ...this.#nameOnly.values()];
  }

  /** Controllers with a UUID and this name. */
  named(name: string): readonly ControllerEntry[] {
    return this.#byName.get(name) ?? [];
  }

  /** The controllers that this name in a file can mean; none if no other file contains it. */
  meantBy(name: string): readonly ControllerEntry[] {
    const named = this.named(name);
    const known = this.#nameOnly.get(`${name}\n`);
    return named.length > 0 || known === undefined ? named : [known];
  }

  withUuid(uuid: string): ControllerEntry | undefined {
    return this.#byUuid.get(uuid);
  }

  /** The controller that only its name identifies, created on first use; with `onlyIn` if even the name does not. */
  nameOnly(name: string, onlyIn?: string): ControllerEntry {
    const key = `${name}\n${onlyIn ?? ""}`;
    const known = this.#nameOnly.get(key);
    if (known !== undefined) return known;
    const entry = newEntry(undefined, onlyIn);
    entry.names.add(name);
    this.#nameOnly.set(key, entry);
    return entry;
  }

  #take(uuid: string | undefined, facts: ControllerFacts): void {
    const entry = this.#entry(uuid ?? "");
    entry.facts.push(facts);
    entry.files.add(facts.origin.file);
    entry.isJaas ||= facts.isJaas;
    this.#name(entry, facts.name);
  }

  #entry(uuid: string): ControllerEntry {
    const known = this.#byUuid.get(uuid);
    if (known !== undefined) return known;
    const entry = newEntry(uuid, undefined);
    this.#byUuid.set(uuid, entry);
    return entry;
  }

  #name(entry: ControllerEntry, name: string): void {
    if (entry.names.has(name)) return;
    entry.names.add(name);
    const same = this.#byName.get(name);
    if (same === undefined) this.#byName.set(name, [entry]);
    else same.push(entry);
  }
}

function newEntry(uuid: string | undefined, onlyIn: string | undefined): ControllerEntry {
  return { uuid, names: new Set(), facts: [], files: new Set(), onlyIn, isJaas: false };
}

/**
 * UUIDs of JAAS in lists of models. The list of a real controller has one controller UUID and a controller model. It is
 * JAAS if a list has several UUIDs, or service accounts as owners, or no local owner and versions of several minors.
 */
function findJaas(models: readonly ModelFacts[]): Set<string> {
  const found = new Set<string>();
  const lists = Map.groupBy(
    models.filter(({ listing, controllerUuid }) => listing === "models" && controllerUuid !== undefined),
    ({ origin, controllerName }) => `${origin.place}\n${controllerName ?? ""}`,
  );
  for (const list of lists.values()) {
    if (list.some(({ isController }) => isController === true)) continue;
    const uuids = new Set(list.flatMap(({ controllerUuid }) => controllerUuid ?? []));
    const owners = list.map(({ owner = "" }) => owner);
    const isJaas =
      uuids.size > 1 ||
      owners.some((owner) => owner.endsWith("@serviceaccount")) ||
      (owners.every((owner) => owner.includes("@")) && minorsOf(list).size > 1);
    if (isJaas) for (const uuid of uuids) found.add(uuid);
  }
  return found;
}

function minorsOf(list: readonly ModelFacts[]): Set<string> {
  return new Set(list.flatMap(({ version }) => /^\d+\.\d+/.exec(version ?? "")?.[0] ?? []));
}
