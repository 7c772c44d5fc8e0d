import type { Sha256 } from "../../shared/sha256.ts";
import type { BundleManifest } from "./manifest.ts";

/** What is affected when some contents of a bundle cannot be had. */
export interface Affected {
  /** Names of agents whose tarballs are among them. */
  readonly agents: readonly string[];
  /** Paths of upstream's documents among them: without these, nothing of the bundle can be proven. */
  readonly documents: readonly string[];
}

/** The agents and documents of these contents, in the manifest's order. */
export function affectedBy(
  { catalogue, proofs }: Pick<BundleManifest, "catalogue" | "proofs">,
  contents: ReadonlySet<Sha256>,
): Affected {
  const documents = proofs.flatMap((set) => set.documents).filter(({ sha256 }) => contents.has(sha256));
  return {
    agents: catalogue.flatMap(({ sha256, agents }) => (contents.has(sha256) ? agents : [])),
    documents: [...new Set(documents.map(({ path }) => path))],
  };
}

/** For a message: some of the agents, and whether there is more. */
export function describeAffected({ agents, documents }: Affected, most = 5): string {
  const names = agents.slice(0, most).join(", ");
  const more = agents.length > most ? ` and ${agents.length - most} more` : "";
  const proof = documents.length === 0 ? "" : `${documents.length} document(s) of upstream`;
  return [names === "" ? "" : `${names}${more}`, proof].filter((part) => part !== "").join(", ");
}
