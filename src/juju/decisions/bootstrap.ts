import { parseAgentBinary } from "../agent-binary.ts";
import { formatVersion, toPatch, type JujuVersion } from "../version.ts";
import type { BootstrapAnswer, BootstrapGeneration } from "./outcome.ts";
import type { Generation } from "./generation.ts";
import { findInStreams } from "./find-agents.ts";
import { BOOTSTRAP_FOUND_NOTHING, BOOTSTRAP_MISMATCH, onlyBootstraps } from "./messages.ts";
import { newest } from "./newest.ts";
import type { BootstrapQuestion } from "./request.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule, type Trace } from "./trace.ts";
import { attempt, isSame, isSameMinor } from "./upgrade-request.ts";
import { readVersion } from "./version-pool.ts";

/** What differs between the clients that bootstrap. */
interface BootstrapRules {
  /** Whose streams and version rules hold. */
  readonly like: Generation;
  readonly ref: string;
  readonly mismatch: (client: JujuVersion) => string;
  readonly foundNothing: string;
  /** A jujud beside the client may stand in for one that is not listed. */
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

/** The rules that a client of this version bootstraps by; 3.x clients share those of 3.6. */
export function bootstrapGenerationOf(client: JujuVersion): BootstrapGeneration {
  const { major, minor } = client;
  if (major < 2) return "1.25";
  if (major > 3) return "4.0";
  if (major === 3) return "3.6";
  if (minor < 3) return "2.0-2.2";
  if (minor < 8) return "2.3-2.8";
  return minor === 8 ? "2.8" : "2.9";
}

/**
 * What `juju bootstrap` of that client takes. Without `--auto-upgrade` it wants exactly its own version.
 * @throws JamError JAM_VERSION_INVALID for an invalid version other than the requested one.
 */
export function answerBootstrap(question: BootstrapQuestion, trace?: Trace): BootstrapAnswer {
  const generation = question.generation ?? bootstrapGenerationOf(readVersion(question.client));
  const rules = BOOTSTRAP_RULES[generation];
  const client = readVersion(question.client, generation === "1.25" ? "1.25" : "v2");
  const requested = readRequested(question.requested ?? "", generation);
  if (typeof requested === "string") return { outcome: "error", error: requested };
  if (requested !== undefined && !isSameMinor(requested, client)) {
    return { outcome: "error", error: rules.mismatch(client) };
  }
  const wanted = requested ?? (question.autoUpgrade ? undefined : client);
  const found = candidates(question, rules, { client, wanted }, trace);
  const best = newest(found);
  if (best === undefined) return withoutAgents(rules, client, wanted);
  const start = rules.startsWithClient ? newest(found.filter((v) => isSamePatch(v, client))) : undefined;
  return {
    outcome: "bootstrap",
    agentVersion: formatVersion(best),
    binary: formatVersion(start ?? best),
  };
}

/**
 * `--agent-version` is read as a binary first (`2.9.25-xenial-amd64`), then as a plain version.
 * Source: juju cmd/juju/commands/bootstrap.go Init.
 */
function readRequested(text: string, generation: BootstrapGeneration): JujuVersion | string | undefined {
  if (text === "") return undefined;
  const rules = generation === "1.25" ? "1.25" : "v2";
  const binary = attempt(() => parseAgentBinary(text, rules).number);
  if (typeof binary !== "string") return binary;
  return attempt(() => readVersion(text, rules));
}

function candidates(
  question: BootstrapQuestion,
  rules: BootstrapRules,
  { client, wanted }: { readonly client: JujuVersion; readonly wanted: JujuVersion | undefined },
  trace: Trace | undefined,
): readonly JujuVersion[] {
  const streams = preferredStreams(rules.like, {
    version: wanted ?? client,
    development: question.development ?? false,
    stream: question.configStream ?? "",
  });
  const filter = wanted === undefined ? { major: client.major, minor: client.minor } : { number: wanted };
  const { found } = findInStreams(rules.like, question, streams, filter);
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
): BootstrapAnswer {
  const isOwn = wanted === undefined || isSamePatch(wanted, client);
  if (rules.packagesLocal && isOwn) return { outcome: "local-agent" };
  return { outcome: "error", error: rules.foundNothing };
}

/** Source: juju environs/bootstrap/bootstrap.go isCompatibleVersion. */
function isSamePatch(a: JujuVersion, b: JujuVersion): boolean {
  return isSame(toPatch(a), toPatch(b));
}
