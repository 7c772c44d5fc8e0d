import { mapConcurrently } from "../../shared/map-concurrently.ts";
import type { FaceTarball } from "../../mirror/face.ts";
import type { FoundFact } from "../finding.ts";
import { isPage, statusFault } from "./check-documents.ts";
import { CURL_HEADERS, GO_HEADERS, type Probe } from "./probe.ts";

/** Requests at the same time. */
const PARALLEL = 4;

/** What Juju 4 asks for, and the type that it takes, compared as text. */
const TYPES = [
  // Betas of 4.0 only.
  ["application/gzip", /^application\/gzip$/, "url-type-beta"],
  ["application/x-gzip", /^application\/x-gzip$/, "url-type"],
  ["application/x-gzip,application/gzip", /^application\/(?:x-)?gzip$/, "url-type"],
] as const;

const RANGE_BYTES = 100;

/** One tarball by its path below the address. */
export type ServedTarball = FaceTarball & { readonly path: string };

export interface TarballCheck {
  readonly probe: Probe;
  /** The first bytes of a tarball, from the store; undefined where they cannot be read. */
  readonly firstBytes: (tarball: ServedTarball, count: number) => Promise<Uint8Array | undefined>;
}

/** Downloads tarballs as a new machine and a controller do, and compares their hashes, headers, types and ranges. */
export async function checkServedTarballs(
  base: string,
  tarballs: readonly ServedTarball[],
  check: TarballCheck,
): Promise<FoundFact[]> {
  const look = async (tarball: ServedTarball): Promise<FoundFact[]> => {
    const url = `${base}/${tarball.path}`;
    return [
      ...(await checkDownload(url, tarball, check)),
      ...(await checkTypes(url, check)),
      ...(await checkCoding(url, check)),
      ...(await checkHead(url, tarball, check)),
      ...(await checkRange(url, tarball, check)),
    ];
  };
  return (await mapConcurrently(tarballs, look, PARALLEL)).flat();
}

/** Asks whether each tarball is there in its size, without reading it. */
export async function checkServedSizes(
  base: string,
  tarballs: readonly ServedTarball[],
  { probe }: Pick<TarballCheck, "probe">,
): Promise<FoundFact[]> {
  const look = async ({ path, size, sha256 }: ServedTarball): Promise<FoundFact[]> => {
    const url = `${base}/${path}`;
    const answer = await probe(url, { method: "GET", headers: CURL_HEADERS, body: "drop" });
    const fault = statusFault(url, answer);
    if (fault !== undefined) return [{ ...fault, sha256 }];
    const length = answer.kind === "answer" ? answer.headers["content-length"] : undefined;
    if (length === undefined || Number(length) === size) return [];
    return [{ kind: "url-tarball-altered", where: url, found: `${length} bytes instead of ${size}`, sha256 }];
  };
  return (await mapConcurrently(tarballs, look, PARALLEL)).flat();
}

async function checkDownload(
  url: string,
  { size, sha256 }: ServedTarball,
  { probe }: TarballCheck,
): Promise<FoundFact[]> {
  const answer = await probe(url, { method: "GET", headers: CURL_HEADERS, body: "hash" });
  const fault = statusFault(url, answer);
  if (fault !== undefined) return [{ ...fault, sha256 }];
  if (answer.kind !== "answer") return [];
  const facts: FoundFact[] = [];
  const type = answer.headers["content-type"];
  if (answer.hashed?.sha256 !== sha256) {
    const found = `${answer.hashed?.size} bytes with the SHA-256 ${answer.hashed?.sha256} instead of ${size} with ${sha256}`;
    facts.push({
      kind: isPage(type, "") ? "url-error-page" : "url-tarball-altered",
      where: url,
      found,
      sha256,
    });
  }
  if (answer.headers["content-length"] === undefined)
    facts.push({ kind: "url-length", where: url, found: "the answer has no Content-Length" });
  return facts;
}

async function checkTypes(url: string, { probe }: TarballCheck): Promise<FoundFact[]> {
  const facts: FoundFact[] = [];
  for (const [accept, type, kind] of TYPES) {
    const answer = await probe(url, { method: "GET", headers: { ...GO_HEADERS, accept }, body: "drop" });
    if (answer.kind !== "answer" || answer.status !== 200) continue;
    const found = answer.headers["content-type"] ?? "none";
    if (!type.test(found))
      facts.push({ kind, where: url, found: `Content-Type ${found} for "Accept: ${accept}"` });
  }
  return facts;
}

/** Go undoes what it asked for, and then neither size nor hash fits. */
async function checkCoding(url: string, { probe }: TarballCheck): Promise<FoundFact[]> {
  const facts: FoundFact[] = [];
  for (const headers of [GO_HEADERS, CURL_HEADERS]) {
    const answer = await probe(url, { method: "GET", headers, body: "drop" });
    const coding = answer.kind === "answer" ? answer.headers["content-encoding"] : undefined;
    if (coding === undefined || coding === "identity") continue;
    facts.push({ kind: "url-encoding", where: url, found: `Content-Encoding: ${coding} on a tarball` });
    break;
  }
  return facts;
}

async function checkHead(
  url: string,
  { size }: ServedTarball,
  { probe }: TarballCheck,
): Promise<FoundFact[]> {
  const answer = await probe(url, { method: "HEAD", headers: CURL_HEADERS, body: "drop" });
  if (answer.kind !== "answer") return [];
  const { status, headers } = answer;
  if (status === 200 && (headers["content-length"] ?? `${size}`) === `${size}`) return [];
  return [
    { kind: "url-head", where: url, found: `status ${status}, ${headers["content-length"] ?? "no"} bytes` },
  ];
}

async function checkRange(
  url: string,
  tarball: ServedTarball,
  { probe, firstBytes }: TarballCheck,
): Promise<FoundFact[]> {
  const count = Math.min(RANGE_BYTES, tarball.size);
  const headers = { ...CURL_HEADERS, range: `bytes=0-${count - 1}` };
  const answer = await probe(url, { method: "GET", headers, body: "drop" });
  if (answer.kind !== "answer" || (answer.status !== 206 && answer.status !== 200)) return [];
  if (answer.status === 200)
    return [{ kind: "url-no-range", where: url, found: "status 200 with all bytes for a range" }];
  const part = await probe(url, { method: "GET", headers, body: "keep" });
  const expected = await firstBytes(tarball, count);
  if (part.kind !== "answer" || expected === undefined || Buffer.compare(part.bytes, expected) === 0)
    return [];
  return [{ kind: "url-range", where: url, found: `a range of ${count} bytes has others than the tarball` }];
}
