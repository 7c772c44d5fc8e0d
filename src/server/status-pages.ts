import { isPartOfUpstream } from "../mirror/face.ts";
import { defined } from "../shared/collections.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ErrorReport, JamError, isJamError, reportError, toJamError } from "../shared/errors.ts";
import { formatByteSize } from "../shared/byte-size.ts";
import { htmlText } from "../shared/markup.ts";
import { formatCount } from "../shared/listed.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { OfferSource, ServedStore } from "./ports.ts";
import { upstreamAway, type RefReader } from "./ref-reader.ts";
import type { MirrorView } from "./mirror-view.ts";
import { noteFailure, sendJson } from "./problem.ts";

/** Agents that one reason names. */
const MAX_NAMED = 10;

/** Answers a request for one path. */
export type ServePage = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What `/readyz` answers: 200 when ready, else 503. */
export interface Readiness {
  readonly ready: boolean;
  readonly snapshot?: string;
  /** Why it is not ready; empty when it is. */
  readonly reasons: readonly Pick<ErrorReport, "code" | "message" | "hint">[];
  /** In cache mode: whether upstream answers. While it does not, the server is ready with what is held. */
  readonly upstream?: UpstreamReadiness;
}

interface UpstreamReadiness {
  /** False also where it is not known. */
  readonly reachable: boolean;
  /** Why not all that upstream publishes is listed. */
  readonly notes: readonly { readonly code: string; readonly message: string; readonly since: string }[];
}

/** How upstream answered last; undefined in other modes than cache mode. */
function upstreamOf(offer: OfferSource | undefined): UpstreamReadiness | undefined {
  if (offer === undefined) return undefined;
  const { reach, failure } = offer.state();
  const { away, fault, upstreams = [] } = reach ?? {};
  const several = away !== undefined || upstreams.length < 2 ? [] : upstreams;
  const notes = [
    ...(failure === undefined ? [] : [{ ...failure, message: "This mirror fails to read upstream." }]),
    ...(away === undefined ? [] : [{ ...away, message: "Upstream cannot be reached." }]),
    ...(fault === undefined ? [] : [{ ...fault, message: "What upstream publishes is refused." }]),
    ...several.flatMap((one) => [
      ...(one.away === undefined
        ? []
        : [{ ...one.away, message: `The upstream ${one.name} cannot be reached.` }]),
      ...(one.fault === undefined
        ? []
        : [{ ...one.fault, message: `What the upstream ${one.name} publishes is refused.` }]),
    ]),
  ];
  return {
    reachable: reach !== undefined && away === undefined && failure === undefined,
    notes: notes.map(({ code, message, since }) => ({ code, message, since })),
  };
}

/** `/healthz`: the process answers. */
export const sendAlive: ServePage = (_request, response) => {
  sendJson(response, 200, Buffer.from('{"status":"ok"}\n'));
};

/** `/readyz`: a snapshot with agents is published and the store can be read. */
export function sendReadiness(reader: RefReader, offer?: OfferSource): ServePage {
  return async (request, response) => {
    const { view, fault } = await lookAt(reader);
    if (fault !== undefined) {
      // Documents go out from the last good snapshot meanwhile, so this is where the log says why it is the last.
      noteFailure(request, fault);
      response.setHeader("Retry-After", "5");
    }
    // A cache fetches what is damaged at the next request for it: that is no reason to take it out of service.
    const damage = offer === undefined && view !== undefined ? damageOf(view) : undefined;
    const faults = [fault, damage].filter((one) => one !== undefined);
    const readiness: Readiness = {
      ready: faults.length === 0,
      ...(view === undefined ? {} : { snapshot: view.snapshot.id }),
      reasons: faults.map((one) => publicReason(reportError(one))),
      ...defined({ upstream: upstreamOf(offer) }),
    };
    sendJson(response, readiness.ready ? 200 : 503, Buffer.from(`${JSON.stringify(readiness)}\n`));
  };
}

/** Names what is not listed and not served because it is damaged. */
function damageOf({ withdrawn }: MirrorView): JamError | undefined {
  if (withdrawn.length === 0) return undefined;
  const named = withdrawn.slice(0, MAX_NAMED).join(", ");
  const more = withdrawn.length > MAX_NAMED ? ` and ${withdrawn.length - MAX_NAMED} more` : "";
  return new JamError(
    "JAM_STORE_CORRUPT",
    `Damaged and therefore not listed and not served: ${named}${more}.`,
    { hint: "Run `jam sync` to fetch the tarballs again." },
  );
}

async function lookAt(
  reader: RefReader,
): Promise<{ readonly view?: MirrorView; readonly fault?: JamError | undefined }> {
  try {
    const view = await reader.latest();
    return { view, fault: reader.fault() ?? emptyFault(view) };
  } catch (error) {
    return { fault: toJamError(error) };
  }
}

/** Nothing of today publishes an index without agents; earlier versions did. */
function emptyFault({ counts, hidden }: MirrorView): JamError | undefined {
  if (counts.agents > 0) return undefined;
  if (hidden > 0) return upstreamAway();
  return new JamError("JAM_MIRROR_EMPTY", "The published index lists no agents.", {
    hint: "Run `jam sync` on the machine of this mirror, or switch to a snapshot with agents.",
  });
}

function publicReason({ code, message, hint }: ErrorReport): Readiness["reasons"][number] {
  return { code, message, ...defined({ hint }) };
}

/** `/`: what this is, for a person who opens the address in a browser. */
export function sendStartPage(reader: RefReader, refs: ServedStore["refs"], offer?: OfferSource): ServePage {
  return async (request, response) => {
    const contents = { facts: await describe(reader, offer !== undefined), channels: await channelsOf(refs) };
    sendPage(response, renderStartPage(hostOf(request.headers.host), contents));
  };
}

/** Names of the channels that show something; none while the store cannot be read. */
async function channelsOf(refs: ServedStore["refs"]): Promise<readonly string[]> {
  const all = (await refs.list?.().catch(() => [])) ?? [];
  return all.map(({ name }) => name).filter((name) => name !== MIRROR_REF);
}

/** Answers with a page that needs no script and loads nothing. */
export function sendPage(response: ServerResponse, html: string): void {
  const body = Buffer.from(html);
  response.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": body.length,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body);
}

/** The address the client used, or undefined when its Host header is not plainly one. */
function hostOf(header: string | undefined): string | undefined {
  return header !== undefined && /^[A-Za-z0-9.:[\]-]{1,255}$/.test(header) ? header : undefined;
}

async function describe(reader: RefReader, isCache: boolean): Promise<string[]> {
  try {
    const { counts, snapshot } = await reader.latest();
    const { verbatim, upstream, earlierProofs = [] } = snapshot;
    const isVerified = [upstream, ...earlierProofs].every(({ verified }) => verified);
    return [
      `${formatCount(counts.agents, "agent")} in ${formatCount(counts.tarballs, "tarball")}, ${formatByteSize(counts.bytes)}.`,
      `Snapshot ${snapshot.id} of ${upstream.name}${isVerified ? "" : ", not verified"}.`,
      verbatim.complete
        ? "Upstream's own signed index is served under /upstream/tools, too."
        : isPartOfUpstream(verbatim)
          ? `The index lists what is here${isCache ? " or can be fetched" : ""}. Upstream's own signed index lists more, so it is not served; Juju does without it.`
          : `Upstream's signed metadata is not served: ${verbatim.reason}.`,
    ];
  } catch (error) {
    return [isJamError(error, "JAM_MIRROR_EMPTY") ? error.message : "The store cannot be read right now."];
  }
}

function renderStartPage(
  host: string | undefined,
  { facts, channels }: { readonly facts: readonly string[]; readonly channels: readonly string[] },
): string {
  const base = `http://${host ?? "HOST:PORT"}`;
  const url = `${base}/tools`;
  const items = channels.map((name) => {
    const path = `/channel/${name}/tools`;
    const index = htmlText(`${path}/streams/v1/index2.json`);
    return `<li>${htmlText(name)}: <code>${htmlText(base + path)}</code> (<a href="${index}">index</a>)</li>`;
  });
  const list = items.length === 0 ? "" : `<p>Channels:</p>\n<ul>\n${items.join("\n")}\n</ul>\n`;
  const rows = facts.map((fact) => `<p>${htmlText(fact)}</p>`).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Juju agent mirror</title>
<h1>Juju agent mirror</h1>
<p>Juju finds agents here with <code>agent-metadata-url=${htmlText(url)}</code></p>
${rows}
${list}<p><a href="/agents">Agents</a> · <a href="/readyz">Readiness</a> · <a href="/metrics">Metrics</a> · <a href="/tools/streams/v1/index2.json">Index</a></p>
</html>
`;
}
