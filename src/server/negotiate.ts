/** Content codings a document is offered in; a tarball never has one. */
export const ENCODINGS = ["br", "zstd", "gzip"] as const;

export type Encoding = (typeof ENCODINGS)[number];

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
