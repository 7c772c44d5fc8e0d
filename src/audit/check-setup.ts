import { defined } from "../shared/collections.ts";
import type { DocumentSource } from "../upstream/source.ts";
import { formatByteSize } from "../shared/byte-size.ts";
import { formatDuration } from "../shared/duration.ts";
import { toJamError, type JamError } from "../shared/errors.ts";
import { formatCount, nameSome } from "../shared/listed.ts";
import { describeUnused, type UnusedOffer } from "../mirror/unused-offer.ts";
import { checkData, failure, type CheckResult, type DataUnderTest } from "./check-data.ts";
import { checkCache, type CacheUnderTest } from "./check-cache.ts";
import { checkRunning, type RunningUnderTest } from "./check-running.ts";
import { parseIndexFile } from "../simplestreams/index-file.ts";
import { STALE_AFTER_MS } from "../metadata/freshness.ts";
import { describeNewSigner, withSignersBefore } from "../mirror/signers.ts";
import { formatFingerprint } from "../shared/signature.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** What a sync would report about its rules. */
export interface RulesVerdict {
  readonly rules: readonly { readonly rule: number; readonly taken: number }[];
  /** What a rule names and does not get. */
  readonly warnings: readonly string[];
  /** Why a sync would change nothing. */
  readonly refusal: JamError | undefined;
  /** What the rules name, an upstream lists and a sync does not take from it. Default: nothing. */
  readonly unused?: readonly UnusedOffer[];
  /** Names of upstreams that could not be read: what they would list is not known. Default: none. */
  readonly unread?: readonly string[];
  /** Agents for which upstream lists other bytes than those that the mirror has. */
  readonly changed: readonly string[];
}

export interface SetupUnderTest extends DataUnderTest {
  /** Called after `evaluateRules`. */
  readonly readRunning: () => Promise<RunningUnderTest>;
  /** Called after `tryWrite`. */
  readonly readCache: () => Promise<CacheUnderTest>;
  readonly configFile: string | undefined;
  readonly rules: { readonly select: number; readonly deny: number };
  /** No request may leave this machine, so an upstream that cannot be contacted is not a failure. */
  readonly isOffline: boolean;
  /** Joins the upstreams; fails where a key or a URL is bad. */
  readonly openSources: () => Promise<readonly DocumentSource[]>;
  /** Fingerprints of the keys that signed what was last accepted of an upstream; none where nothing is known. */
  readonly signersBefore: (source: DocumentSource) => Promise<readonly string[]>;
  /** Reads what upstream lists and applies the rules to it, as a sync would. */
  readonly evaluateRules: () => Promise<RulesVerdict>;
  /** The keys for what crosses an air gap. */
  readonly carryKeys: () => Promise<{
    readonly own: string | undefined;
    readonly trusted: number;
    readonly problems: readonly JamError[];
  }>;
  /** Creates the data directory if it is missing, and writes to it. */
  readonly tryWrite: () => Promise<void>;
  /** Undefined where the store has no limit. */
  readonly freeBytes: () => Promise<number | undefined>;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Room for a first sync of two versions, as a rule of thumb; `jam sync --dry-run` knows exactly. */
const LITTLE_SPACE = 2 * 2 ** 30;
/** Less than a sync accepts; jam check warns about a clock that is this far ahead. */
const NOTABLE_AHEAD_MS = 10 * 60_000;
/** No clock that is right shows a time before this program was written. */
const EARLIEST = Date.UTC(2026, 10, 1);

/** Checks everything that a sync needs. Changes nothing, except that it creates the data directory. */
export async function checkSetup(setup: SetupUnderTest): Promise<CheckResult[]> {
  const results: CheckResult[] = [checkConfiguration(setup)];
  const answering = new Set<string>();
  const sources = await attempt("key", () => openSources(setup));
  if ("check" in sources) results.push(sources);
  else if (sources.value === "offline") {
    results.push({ check: "upstream", state: "ok", detail: "offline mode: no upstream is contacted" });
  } else {
    for (const source of sources.value) results.push(await checkKey(source));
    for (const source of sources.value) {
      const found = named(source, sources.value, await checkSource(source, setup));
      if (found.every(({ state }) => state !== "fail")) answering.add(source.name);
      results.push(...found);
    }
    // Where no upstream answers, it is not the rules' fault.
    const answers = results.some(({ check, state }) => check === "upstream" && state !== "fail");
    if (answers && setup.rules.select > 0) results.push(...(await checkRules(setup)));
  }
  results.push(...(await checkFleet(setup)));
  results.push(...(await checkDisk(setup)), ...(await checkAsCache(setup, answering)));
  results.push(...(await checkData(setup)), ...(await checkCarry(setup)));
  return results;
}

/** With several upstreams each result says which one it is about. */
function named(
  { name }: DocumentSource,
  sources: readonly DocumentSource[],
  results: readonly CheckResult[],
): CheckResult[] {
  if (sources.length < 2) return [...results];
  return results.map((result) =>
    result.detail.startsWith(`${name} `) ? result : { ...result, detail: `${name}: ${result.detail}` },
  );
}

async function checkAsCache(
  { readCache }: SetupUnderTest,
  answering: ReadonlySet<string>,
): Promise<CheckResult[]> {
  const found = await attempt("cache", readCache);
  return "check" in found ? [found] : checkCache(found.value, answering);
}

async function checkFleet({ readRunning }: SetupUnderTest): Promise<CheckResult[]> {
  const found = await attempt("running", readRunning);
  return "check" in found ? [found] : checkRunning(found.value);
}

/** Not reported where no bundles are used; a site that trusts no maker refuses every bundle. */
async function checkCarry({ carryKeys, isOffline }: SetupUnderTest): Promise<CheckResult[]> {
  const keys = await attempt("carry", carryKeys);
  if ("check" in keys) return [keys];
  const { own, trusted, problems } = keys.value;
  const found = problems.map((error) => describeProblem("carry", error));
  if (own === undefined && trusted === 0 && !isOffline) return found;
  const signs =
    own === undefined ? "nothing is signed here" : `this side signs with ${formatFingerprint(own)}`;
  const detail = `${signs}; trusts ${formatCount(trusted, "key")} of others`;
  if (isOffline && trusted === 0) {
    const hint = "No bundle is trusted yet. Trust the public key of the maker: jam key trust FILE";
    return [{ check: "carry", state: "warn", detail, hint }, ...found];
  }
  if (own !== undefined) return [{ check: "carry", state: "ok", detail }, ...found];
  return [
    ...found,
    {
      check: "carry",
      state: "ok",
      detail: `${detail}; for receipts and bundles of its own: jam key generate`,
    },
  ];
}

/** Something that is not used; what others could use is a failure. */
function describeProblem(check: CheckResult["check"], problem: JamError): CheckResult {
  return { ...failure(check, problem), state: problem.code === "JAM_KEY_EXPOSED" ? "fail" : "warn" };
}

async function openSources(setup: SetupUnderTest): Promise<readonly DocumentSource[] | "offline"> {
  try {
    return await setup.openSources();
  } catch (error) {
    if (setup.isOffline && toJamError(error).code === "JAM_OFFLINE") return "offline";
    throw error;
  }
}

function checkConfiguration({ configFile, rules }: SetupUnderTest): CheckResult {
  const from = configFile ?? "built-in defaults (no jam.yaml here)";
  const detail = `${from}: ${formatCount(rules.select, "select rule")}, ${formatCount(rules.deny, "deny rule")}`;
  if (rules.select > 0) return { check: "configuration", state: "ok", detail };
  return {
    check: "configuration",
    state: "warn",
    detail,
    hint: "Nothing is selected: add a rule under `select:` in jam.yaml.",
  };
}

async function checkKey(source: DocumentSource): Promise<CheckResult> {
  if (!source.verifies) {
    return {
      check: "key",
      state: "warn",
      detail: `${source.name} is not verified`,
      hint: "Set `keyring: builtin` (the Juju key) or the file with the key that signs it.",
    };
  }
  const keys = await attempt("key", () => source.trustedKeys());
  if ("check" in keys) return keys;
  if (keys.value.length === 0) {
    return {
      check: "key",
      state: "fail",
      detail: `every key that ${source.name} may be signed by is revoked`,
      hint: "Ask the upstream's operator for the key that is in use now, and set its file as the upstream's keyring.",
    };
  }
  return {
    check: "key",
    state: "ok",
    detail: `${source.name} must be signed by ${keys.value.map(formatFingerprint).join(" or ")}`,
  };
}

async function checkSource(source: DocumentSource, setup: SetupUnderTest): Promise<CheckResult[]> {
  const suffix = source.verifies ? ".sjson" : ".json";
  const before = await setup.signersBefore(source).catch(() => []);
  const answer = await attempt("upstream", async () => {
    try {
      return await source.readDocument(`streams/v1/index2${suffix}`, undefined, setup.signal);
    } catch (error) {
      throw withSignersBefore(error, before);
    }
  });
  if ("check" in answer) return [answer];
  if (answer.value.kind !== "found") {
    const hint = "Check that the URL ends where streams/v1 begins (…/juju/tools/).";
    const detail = `${source.url} has no streams/v1/index2${suffix}`;
    return [{ check: "upstream", state: "fail", code: "JAM_UPSTREAM_NOT_FOUND", detail, hint }];
  }
  const { document } = answer.value;
  const index = await attempt("upstream", () => Promise.resolve(parseIndexFile(document.text, document.url)));
  if ("check" in index) return [index];
  const signedBy =
    document.signature === undefined
      ? "not verified"
      : `signed by ${formatFingerprint(document.signature.fingerprint)}`;
  const detail = `${source.name} ${source.url}: ${index.value.entries.size} content ids, ${signedBy}`;
  const expiredAt = document.signature?.keyExpiredAt;
  const signers = document.signature === undefined ? [] : [document.signature.fingerprint];
  const changed = describeNewSigner(source, before, signers);
  return [
    ...(changed === undefined ? [] : [newSigner(changed)]),
    expiredAt === undefined
      ? { check: "upstream", state: "ok", detail }
      : {
          check: "upstream",
          state: "warn",
          detail: `${detail}, a key that expired on ${formatLocalTime(expiredAt)}`,
          hint: "Documents that are not kept here already are refused. Set the file with the renewed key as the upstream's keyring, or see `jam sync --help` about expired-key.",
        },
    checkClock(document.signature?.signedAt ?? index.value.updatedAt, setup.now),
  ];
}

function newSigner(detail: string): CheckResult {
  const hint =
    "Compare the fingerprint with what the operator of the upstream publishes. The next sync accepts it.";
  return { check: "key", state: "warn", detail, hint };
}

function checkClock(published: Date | undefined, now: Date): CheckResult {
  const aheadMs = published === undefined ? 0 : published.getTime() - now.getTime();
  if (now.getTime() < EARLIEST || aheadMs > NOTABLE_AHEAD_MS) {
    const detail = `this machine shows ${formatLocalTime(now)}, upstream published at ${published === undefined ? "an unknown time" : formatLocalTime(published)}`;
    return {
      check: "clock",
      state: "fail",
      detail,
      hint: "Set the clock (timedatectl status), then check again.",
    };
  }
  if (-aheadMs > STALE_AFTER_MS) {
    const detail = `upstream's metadata is ${formatDuration(-aheadMs)} old`;
    return {
      check: "clock",
      state: "warn",
      detail,
      hint: "Upstream may be quiet, or the clock of this machine may be ahead (timedatectl status). If you expect news, look at it from another network.",
    };
  }
  return { check: "clock", state: "ok", detail: "fits the date of upstream's metadata" };
}

/** One line for all rules when each gets what it names, else one for each thing that is missing. */
async function checkRules({ evaluateRules }: SetupUnderTest): Promise<CheckResult[]> {
  const verdict = await attempt("rules", evaluateRules);
  if ("check" in verdict) return [verdict];
  const { rules, warnings, refusal, changed, unused = [], unread = [] } = verdict.value;
  const isEmpty = refusal?.code === "JAM_SELECT_EMPTY";
  const taken = rules
    .map(({ rule, taken }) => `rule ${rule} selects ${formatCount(taken, "agent")}`)
    .join(", ");
  const hint = isEmpty
    ? "No rule selects an agent, so a sync changes nothing: correct `select` in jam.yaml."
    : unread.length > 0
      ? `Check again when ${unread.join(" and ")} can be read. What is missing then: correct \`select\` and \`deny\` in jam.yaml, or add an upstream that lists it.`
      : "Correct `select` and `deny` in jam.yaml, or add an upstream that lists it.";
  const missing = warnings.map((detail): CheckResult => ({
    check: "rules",
    state: isEmpty ? "fail" : "warn",
    detail,
    hint,
  }));
  const found = changed.length === 0 ? [] : [changedBytes(changed)];
  if (isEmpty) return [...found, ...missing];
  const refused: CheckResult[] =
    refusal === undefined
      ? []
      : [
          {
            check: refusal.code === "JAM_STORE_NO_SPACE" ? "disk" : "rules",
            state: "fail",
            code: refusal.code,
            detail: `${refusal.message.replaceAll(/\.?\n\s*/g, "; ")} [${refusal.code}]`,
            ...defined({ hint: refusal.hint }),
          },
        ];
  const others = unused.map(unusedOffer);
  return [...found, { check: "rules", state: "ok", detail: taken }, ...others, ...missing, ...refused];
}

/** Nothing is wrong: the order of the upstreams says so. But whoever expects these agents has to know it. */
function unusedOffer(offer: UnusedOffer): CheckResult {
  const { upstream, agents } = offer;
  const versions = [...new Set(agents.map(({ version }) => version))];
  const what = `${upstream} lists ${formatCount(agents.length, "more agent")} that the rules name (${nameSome(versions, 6)})`;
  return { check: "rules", state: "ok", detail: `${what}, not mirrored: ${describeUnused(offer)}` };
}

function changedBytes(agents: readonly string[]): CheckResult {
  const names = agents.length > 3 ? `${agents.slice(0, 3).join(", ")}, …` : agents.join(", ");
  return {
    check: "upstream",
    state: "fail",
    code: "JAM_METADATA_PATH_REUSED",
    detail: `other bytes are listed under the name of ${formatCount(agents.length, "agent")} that the mirror has or had (${names}) [JAM_METADATA_PATH_REUSED]`,
    hint: "A sync refuses them and keeps what the mirror has. Ask the operator of the upstream why they changed; `jam sync --dry-run` lists them.",
  };
}

async function checkDisk(setup: SetupUnderTest): Promise<CheckResult[]> {
  const written = await attempt("permissions", setup.tryWrite);
  if ("check" in written) return [written];
  const permissions: CheckResult = {
    check: "permissions",
    state: "ok",
    detail: `${setup.dataDir} can be written`,
  };
  const free = await attempt("disk", setup.freeBytes);
  if ("check" in free) return [permissions, free];
  if (free.value === undefined) {
    return [permissions, { check: "disk", state: "ok", detail: "the store has no limit" }];
  }
  const detail = `the disk with ${setup.dataDir} has ${formatByteSize(free.value)} free`;
  if (free.value >= LITTLE_SPACE) return [permissions, { check: "disk", state: "ok", detail }];
  return [
    permissions,
    { check: "disk", state: "warn", detail, hint: "See what a sync needs: jam sync --dry-run" },
  ];
}

async function attempt<T>(
  check: CheckResult["check"],
  action: () => Promise<T>,
): Promise<CheckResult | { readonly value: T }> {
  try {
    return { value: await action() };
  } catch (cause) {
    return failure(check, toJamError(cause));
  }
}
