import { formatVersion, toPatch, type JujuVersion, isSameMinor, isSame } from "../version.ts";
import type { BootstrapOutcome } from "./outcome.ts";
import type { Generation, BootstrapGeneration } from "./generation.ts";
import { findInStreams } from "./find-agents.ts";
import { BOOTSTRAP_FOUND_NOTHING, BOOTSTRAP_MISMATCH, onlyBootstraps } from "./messages.ts";
import { newest } from "./newest.ts";
import type { BootstrapRequest } from "./request.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule, type Trace } from "./trace.ts";

/** What differs between the clients that bootstrap. */
interface BootstrapRules {
  /** The generation whose streams and version rules apply. */
  readonly like: Generation;
  readonly ref: string;
  readonly mismatch: (client: JujuVersion) => string;
  readonly foundNothing: string;
  /** A jujud next to the client may replace one that is not listed. */
  readonly packagesLocal: boolean;
  /** The machine starts with the client's own patch and upgrades itself afterwards. */
  readonly startsWithClient: boolean;
}

const RULES_1_25: BootstrapRules = {
  like: "1.25",
  ref: "juju-1.25.14",
  mismatch: () => BOOTSTRAP_MISMATCH,
  foundNothing: BOOTSTRAP_FOUND_NOTHING.tools,
  packagesLocal: false,
  startsWithClient: true,
};

const RULES_2_0: BootstrapRules = {
  ...RULES_1_25,
  like: "2.0-2.1",
  ref: "juju-2.2.9",
  foundNothing: BOOTSTRAP_FOUND_NOTHING.binaries,
  packagesLocal: true,
};

const RULES_2_3: BootstrapRules = {
  ...RULES_2_0,
  like: "2.3",
  ref: "juju-2.3.9",
  mismatch: onlyBootstraps,
  startsWithClient: false,
};

/**
 * Source: juju cmd/juju/commands/bootstrap.go Init, environs/bootstrap/bootstrap.go bootstrapIAAS,
 * environs/bootstrap/tools.go findPackagedTools, findBootstrapTools (1.25.14 to 4.0.15).
 */
const BOOTSTRAP_RULES: Readonly<Record<BootstrapGeneration, BootstrapRules>> = {
  "1.25": RULES_1_25,
  "2.0-2.2": RULES_2_0,
  "2.3-2.8": RULES_2_3,
  "2.8": { ...RULES_2_3, like: "2.8.10-2.8.13", ref: "juju-2.8.13" },
  "2.9": { ...RULES_2_3, like: "2.9.33+", ref: "2.9 branch ff1125b6da" },
  "3.6": { ...RULES_2_3, like: "3.6.23+", ref: "3.6 branch 1c91c54faf" },
  "4.0": { ...RULES_2_3, like: "4.0", ref: "4.0 branch c087a0e221" },
};

/**
 * What `juju bootstrap` of that client takes. Without `--auto-upgrade` it wants exactly its own version.
 */
export function decideBootstrap(request: BootstrapRequest, trace?: Trace): BootstrapOutcome {
  const { client } = request;
  const rules = BOOTSTRAP_RULES[request.generation];
  if (request.requested !== undefined && "error" in request.requested) {
    return { outcome: "error", error: request.requested.error };
  }
  const requested = request.requested?.version;
  if (requested !== undefined && !isSameMinor(requested, client)) {
    return { outcome: "error", error: rules.mismatch(client) };
  }
  const wanted = requested ?? (request.autoUpgrade ? undefined : client);
  const found = candidates(request, rules, wanted, trace);
  const best = newest(found);
  if (best === undefined) return withoutAgents(rules, client, wanted);
  const start = rules.startsWithClient ? newest(found.filter((v) => isSamePatch(v, client))) : undefined;
  return {
    outcome: "bootstrap",
    agentVersion: formatVersion(best),
    binary: formatVersion(start ?? best),
  };
}

function candidates(
  request: BootstrapRequest,
  rules: BootstrapRules,
  wanted: JujuVersion | undefined,
  trace: Trace | undefined,
): readonly JujuVersion[] {
  const { client } = request;
  const streams = preferredStreams(rules.like, {
    version: wanted ?? client,
    development: request.development,
    stream: request.configStream,
  });
  const filter = wanted === undefined ? { major: client.major, minor: client.minor } : { number: wanted };
  const { found } = findInStreams(request.streams, streams, filter);
  const what = wanted === undefined ? "Every agent of the client's minor" : "Exactly the wanted number";
  const rule: Rule = {
    rule: `${what} in ${streams.join(", ")}.`,
    source: `environs/bootstrap/tools.go:findPackagedTools @${rules.ref}`,
  };
  note(trace, rule, found);
  return found;
}

function withoutAgents(
  rules: BootstrapRules,
  client: JujuVersion,
  wanted: JujuVersion | undefined,
): BootstrapOutcome {
  const isOwn = wanted === undefined || isSamePatch(wanted, client);
  if (rules.packagesLocal && isOwn) return { outcome: "local-agent" };
  return { outcome: "error", error: rules.foundNothing };
}

/** Source: juju environs/bootstrap/bootstrap.go isCompatibleVersion. */
function isSamePatch(a: JujuVersion, b: JujuVersion): boolean {
  return isSame(toPatch(a), toPatch(b));
}

/** The generation whose streams and search a client of that bootstrap generation has. */
export function searchGenerationOf(generation: BootstrapGeneration): Generation {
  return BOOTSTRAP_RULES[generation].like;
}
