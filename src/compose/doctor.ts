import type { Config } from "../config/config.ts";
import type { DoctorDocument } from "../doctor/doctor-document.ts";
import type { FromOutside } from "../doctor/diagnose.ts";
import type { ExaminedMirror } from "../doctor/examined-mirror.ts";
import type { FleetView } from "../doctor/fleet-facts.ts";
import type { FoundFact } from "../doctor/finding.ts";
import type { TextSource, TimeSpan } from "../doctor/read-inputs.ts";
import type { Agent } from "../juju/agent.ts";
import { append } from "../shared/collections.ts";
import { isJamError, toJamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { openStore } from "./store.ts";

/** What was handed in to `jam doctor`. */
export interface DoctorRequest {
  readonly sources: readonly TextSource[];
  readonly span: TimeSpan;
  readonly fleet: FleetView | undefined;
  /** An address to ask, as controllers have it, and what it has to show. */
  readonly address: { readonly url: string; readonly ref: RefName } | undefined;
}

export interface DoctorCall {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly advise: (version: string, arch: string | undefined) => Promise<string | undefined>;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * Reads what was handed in and the mirror, and says what is wrong. What cannot be read of the mirror is a finding.
 * @throws JamError JAM_LOG_FOREIGN, JAM_CANCELLED
 */
export async function composeDiagnosis(
  config: Config,
  { address, ...request }: DoctorRequest,
  call: DoctorCall,
): Promise<DoctorDocument> {
  const { diagnose } = await import("../doctor/diagnose.ts");
  const { mirror, facts } = await examineMirror(config, call.now);
  const asked = address === undefined ? undefined : () => askAddress(config, address, call);
  return diagnose(
    { ...request, askAddress: asked },
    {
      mirror,
      mirrorFacts: facts,
      listensOnLoopbackOnly: /^(?:127\.|::1$|localhost$)/.test(config.server.host),
      advise: call.advise,
      now: call.now,
      signal: call.signal,
    },
  );
}

async function examineMirror(
  config: Config,
  now: Date,
): Promise<{ readonly mirror: ExaminedMirror | undefined; readonly facts: readonly FoundFact[] }> {
  try {
    const store = await openStore(config);
    const mirror = await readExamined(config, store, now);
    const { damaged } = mirror;
    const { nameSome } = await import("../shared/listed.ts");
    const facts: FoundFact[] =
      damaged.length === 0
        ? []
        : [
            {
              kind: "tarballs-damaged",
              where: config.data,
              found: `damaged: ${nameSome(damaged, 8)}`,
            },
          ];
    return { mirror, facts };
  } catch (error) {
    const { message, code } = toJamError(error);
    if (isJamError(error, "JAM_CANCELLED")) throw error;
    const kind = code === "JAM_MIRROR_EMPTY" ? "mirror-empty" : "mirror-unread";
    return { mirror: undefined, facts: [{ kind, where: config.data, found: message }] };
  }
}

async function readExamined(config: Config, store: Store, now: Date): Promise<ExaminedMirror> {
  const { readServed } = await import("./served.ts");
  const { currentSnapshot, readHeaders } = await import("../mirror/read-snapshots.ts");
  const { listChannels } = await import("../channel/list-channels.ts");
  const { listDamaged } = await import("../mirror/damaged-list.ts");
  const { nameDamaged } = await import("../mirror/damaged-blobs.ts");
  const { parseStreamContentId } = await import("../juju/stream.ts");
  const { snapshot } = await readServed(config, store, now);
  const { channels } = await listChannels(store, config.channels);
  const agents: Agent[] = [...snapshot.agents];
  const examined: ExaminedMirror["channels"][number][] = [];
  for (const { name, snapshot: shown } of channels) {
    const own = shown === null ? undefined : await currentSnapshot(store, name as RefName);
    const listed = own?.agents ?? [];
    append(agents, listed);
    examined.push({ name, isShown: shown !== null, paths: new Set(listed.map(({ path }) => path)) });
  }
  const isTools = ({ listings }: Agent) =>
    listings.some(({ contentId }) => parseStreamContentId(contentId)?.family === "tools");
  const headers = await readHeaders(store);
  return {
    sizes: new Map(agents.map(({ path, size }) => [path, size])),
    paths: new Set(snapshot.agents.map(({ path }) => path)),
    hasTools: agents.some(isTools),
    agents: snapshot.agents.length,
    snapshots: new Map(headers.map(({ id, createdAt }) => [id, Date.parse(createdAt)])),
    channels: examined,
    // A channel lists what the mirror lists, too.
    damaged: [...new Set(nameDamaged(await listDamaged(store.documents), agents))],
  };
}

async function askAddress(
  config: Config,
  { url, ref }: NonNullable<DoctorRequest["address"]>,
  { env, userAgent, signal }: DoctorCall,
): Promise<FromOutside> {
  const { composeUrlVerification } = await import("./verify.ts");
  const { clockFinding, findingsFromOutside } = await import("../doctor/from-outside.ts");
  const { openProbe } = await import("../upstream/probe.ts");
  const document = await composeUrlVerification(
    config,
    { url, ref, isDeep: false },
    { env, userAgent, signal },
  );
  const { caFile, idleTimeoutMs } = config.fetch;
  const probe = await openProbe({ environment: env, caFile, idleTimeoutMs, signal });
  const sentAt = new Date();
  const answer = await probe(`${url}/streams/v1/index2.json`, { method: "GET", headers: {}, body: "drop" });
  const date = answer.kind === "answer" ? answer.headers["date"] : undefined;
  return {
    findings: [
      ...findingsFromOutside(document),
      ...clockFinding(url, { date, sentAt, receivedAt: new Date() }),
    ],
    hasAnswered: document.checked.tarballs > 0,
    isTls: url.startsWith("https:"),
  };
}
