import type { VerifyFinding } from "../verify-document.ts";
import { gunzipSync } from "node:zlib";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import type { FoundFact } from "../finding.ts";
import type { ExpectedMirror } from "./expected.ts";
import { GO_HEADERS, type Probe, type ProbeAnswer } from "./probe.ts";

/** Requests at the same time. */
const PARALLEL = 4;

type Answered = Extract<ProbeAnswer, { kind: "answer" }>;

/** Requests every document as Juju does, and every path that has to be missing. */
export async function checkServedDocuments(
  base: string,
  { documents, absent }: Pick<ExpectedMirror, "documents" | "absent">,
  probe: Probe,
): Promise<FoundFact[]> {
  const found = await mapConcurrently(
    documents,
    ([path, bytes]) => checkDocument(`${base}/${path}`, bytes, probe),
    PARALLEL,
  );
  const missing = await mapConcurrently(absent, (path) => checkAbsent(`${base}/${path}`, probe), PARALLEL);
  return [...found.flat(), ...missing.flat()];
}

async function checkDocument(url: string, bytes: Uint8Array, probe: Probe): Promise<FoundFact[]> {
  const answer = await probe(url, { method: "GET", headers: GO_HEADERS, body: "keep" });
  const fault = statusFault(url, answer);
  if (fault !== undefined) return [fault];
  if (answer.kind !== "answer") return [];
  const facts: FoundFact[] = [];
  const body = decode(answer);
  if (body === undefined)
    facts.push({
      kind: "url-encoding",
      where: url,
      found: `Content-Encoding: ${answer.headers["content-encoding"]}`,
    });
  else if (Buffer.compare(body, bytes) !== 0) facts.push(differing(url, answer, body));
  const type = answer.headers["content-type"] ?? "none";
  if (!/^application\/json(?:;|$)/.test(type))
    facts.push({ kind: "url-json-type", where: url, found: `Content-Type: ${type}` });
  const plain = await probe(url, {
    method: "GET",
    headers: { "user-agent": GO_HEADERS["user-agent"] },
    body: "drop",
  });
  const coding = plain.kind === "answer" ? plain.headers["content-encoding"] : undefined;
  if (coding !== undefined && coding !== "identity")
    facts.push({
      kind: "url-encoding",
      where: url,
      found: `Content-Encoding: ${coding}, and nobody asked for it`,
    });
  return facts;
}

async function checkAbsent(url: string, probe: Probe): Promise<FoundFact[]> {
  const answer = await probe(url, { method: "GET", headers: GO_HEADERS, body: "keep" });
  if (answer.kind === "unreachable") return [unreachable(url, answer.reason)];
  const { status } = answer;
  if (status === 404) return [];
  const text = Buffer.from(answer.bytes).toString("utf8", 0, 2_000);
  if (status === 200 && isPage(answer.headers["content-type"], text))
    return [
      {
        kind: "url-error-page",
        where: url,
        found: `a page with status 200 where 404 has to be: ${titleOf(text)}`,
      },
    ];
  if (status === 200) return [{ kind: "url-present", where: url, found: "it is there" }];
  if (isRedirect(status)) return [redirect(url, answer)];
  return [{ kind: "url-not-404", where: url, found: `status ${status} instead of 404` }];
}

/** What is wrong where an answer with status 200 has to be. */
export function statusFault(url: string, answer: ProbeAnswer): FoundFact | undefined {
  if (answer.kind === "unreachable") return unreachable(url, answer.reason);
  if (answer.status === 200) return undefined;
  if (isRedirect(answer.status)) return redirect(url, answer);
  return { kind: "url-status", where: url, found: `status ${answer.status} instead of 200` };
}

/** Errors of OpenSSL, in the words of Node and of jam. */
const TLS_FAULT = /certificat|\bTLS\b|\bSSL\b/i;

/** True where an address could not be reached because of its certificate. */
export function isTlsFault({ kind, found }: Pick<VerifyFinding, "kind" | "found">): boolean {
  return kind === "url-unreachable" && TLS_FAULT.test(found);
}

function unreachable(url: string, reason: string): FoundFact {
  const fact: FoundFact = { kind: "url-unreachable", where: url, found: reason };
  if (!isTlsFault(fact)) return fact;
  return {
    ...fact,
    means: "clients that do not trust this certificate get no answer",
    next: "install the CA on clients, controllers and images of new machines; for this check fetch.caFile in jam.yaml names it",
  };
}

function redirect(url: string, { status, headers }: Answered): FoundFact {
  return {
    kind: "url-redirect",
    where: url,
    found: `status ${status} to ${headers["location"] ?? "nowhere"}`,
  };
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** The body without the one coding that Go asks for; undefined when it has another one, or is not what it says. */
export function decode({ headers, bytes }: Pick<Answered, "headers" | "bytes">): Uint8Array | undefined {
  const coding = headers["content-encoding"] ?? "identity";
  if (coding === "identity") return bytes;
  if (coding !== "gzip") return undefined;
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

function differing(url: string, { headers }: Answered, body: Uint8Array): FoundFact {
  const text = Buffer.from(body).toString("utf8", 0, 2_000);
  if (isPage(headers["content-type"], text))
    return { kind: "url-error-page", where: url, found: `a page instead of the document: ${titleOf(text)}` };
  return {
    kind: "url-altered",
    where: url,
    found: `${body.length} bytes that are not those of the snapshot`,
  };
}

/** True for HTML, which proxies and captive portals answer with. */
export function isPage(type: string | undefined, text: string): boolean {
  return (type ?? "").startsWith("text/html") || /^\s*<(?:!doctype|html)/i.test(text);
}

/** What a page calls itself. */
export function titleOf(text: string): string {
  return (/<title>(?<title>[^<]*)/i.exec(text)?.groups?.["title"] ?? text.slice(0, 80)).trim();
}
