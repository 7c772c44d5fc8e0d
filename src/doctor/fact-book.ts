import type { FoundFact } from "./finding.ts";
import type { FindingId } from "./finding-kinds.ts";
import { Sightings, OTHERS, type SeenLine } from "./sightings.ts";

/** What one line shows by itself. Lines with the same kind and `about` are one finding. */
export interface Sign extends Omit<FoundFact, "sighting" | "clients"> {
  readonly about: string;
}

/** Gathers signs into facts. Each kind has its own bounded memory, so that a flood of one hides no other. */
export class FactBook {
  readonly #kinds = new Map<
    FindingId,
    { readonly sightings: Sightings; readonly facts: Map<string, Sign> }
  >();

  /** Notes what a line shows; the first of its kind and `about` says it for all of them. */
  note(sign: Sign, line: SeenLine, client?: string): void {
    let kind = this.#kinds.get(sign.kind);
    if (kind === undefined) {
      kind = { sightings: new Sightings(), facts: new Map() };
      this.#kinds.set(sign.kind, kind);
    }
    kind.sightings.add(sign.about, line, client);
    if (kind.sightings.has(sign.about) && !kind.facts.has(sign.about)) kind.facts.set(sign.about, sign);
  }

  has(kind: FindingId): boolean {
    return this.#kinds.has(kind);
  }

  /** By kind, in the order in which they were first seen. */
  facts(): FoundFact[] {
    return [...this.#kinds].flatMap(([kind, { sightings, facts }]) =>
      [...sightings.all()].map(({ key, sighting, clients }): FoundFact => {
        const { about: _about, ...fact } = facts.get(key) ?? {
          about: OTHERS,
          kind,
          found: "further ones like these",
        };
        return { ...fact, sighting, clients };
      }),
    );
  }
}
