import express from "express";
import { LRUCache } from "lru-cache";

/** Content codings a document is offered in; a tarball never has one. */
export const ENCODINGS = ["br", "zstd", "gzip"] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** What clients send is one of a few texts, so that each is read once. */
const preferences = new LRUCache<string, { readonly encoding: Encoding | undefined }>({ max: 100 });

/** The coding that a client prefers, by its `Accept-Encoding`; undefined for none. Source: RFC 9110 §12.5.3. */
export function preferredEncoding(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const known = preferences.get(header);
  if (known !== undefined) return known.encoding;
  const request = Object.assign(Object.create(express.request) as express.Request, {
    headers: { "accept-encoding": header },
  });
  const accepted = request.acceptsEncodings([...ENCODINGS, "identity"]);
  const encoding = ENCODINGS.find((one) => one === accepted);
  // Longer texts are not worth their memory.
  if (header.length <= 200) preferences.set(header, { encoding });
  return encoding;
}

/**
 * The Content-Type of a tarball, without parameters. Juju 4.x compares it as a string: betas before November 2025 ask
 * for `application/gzip` and take nothing else, later ones take `application/x-gzip`.
 * Source: juju domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256, juju PR 21144.
 */
export function tarballType(accept: string | undefined): "application/x-gzip" | "application/gzip" {
  const named = mediaRanges(accept);
  return named.has("application/gzip") && !named.has("application/x-gzip")
    ? "application/gzip"
    : "application/x-gzip";
}

function mediaRanges(accept: string | undefined): Set<string> {
  const ranges = (accept ?? "").split(",", 32);
  return new Set(ranges.map((range) => (range.split(";", 1)[0] as string).trim().toLowerCase()));
}
