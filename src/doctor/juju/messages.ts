/* eslint-disable max-lines -- one table, so that whoever looks for a message of Juju looks here */
import type { FindingId } from "../finding-kinds.ts";

/** A message of Juju, or of what it calls, that is about agents. */
export interface JujuMessage {
  /** As Juju words it; `…` is what varies. */
  readonly text: string;
  /** Groups `version`, `arch` and `url` are used where they are found. */
  readonly pattern: RegExp;
  /** What it amounts to. `normal`: nothing is wrong. `connection`: the cause follows in the same line. */
  readonly kind: FindingId | "normal" | "connection";
  /** File and function. */
  readonly source: string;
  /** Versions of Juju that have it, as far as their source was read. */
  readonly versions: string;
}

const CONNECTION = "environs/simplestreams/datasource.go Fetch";
const STREAMS = "environs/simplestreams/simplestreams.go";
const GO = "Go";

/**
 * Known messages, the more specific ones first: the first that fits a line counts. Read in the source of 2.8.5, 2.9.42 and
 * 3.6.11, and in that of 4.0 where that is named. `docs/reference/doctor.md` shows this table, and a test compares the two.
 */
export const JUJU_MESSAGES: readonly JujuMessage[] = [
  // TLS, in the words of Go. They follow the message of Juju in the same line.
  {
    text: "x509: certificate has expired or is not yet valid: current time … is before …",
    pattern:
      /x509: certificate has expired or is not yet valid: current time (?<now>\S+) is (?<side>before|after) (?<limit>\S+)/,
    kind: "clock-client",
    source: "crypto/x509 verify.go isValid",
    versions: GO,
  },
  {
    text: "x509: certificate has expired or is not yet valid",
    pattern: /x509: certificate has expired or is not yet valid/,
    kind: "tls-expired",
    source: "crypto/x509 verify.go CertificateInvalidError",
    versions: GO,
  },
  {
    text: "x509: certificate signed by unknown authority",
    pattern: /x509: certificate signed by unknown authority|x509: .{1,40}certificate is not trusted/,
    kind: "tls-untrusted",
    source: "crypto/x509 verify.go UnknownAuthorityError",
    versions: GO,
  },
  {
    text: "x509: certificate is valid for …, not …",
    pattern:
      /x509: (?:certificate is (?:valid for .{1,1000}, (?:not|but none matched) |not valid for any names)|cannot validate certificate for |certificate relies on legacy Common Name)/,
    kind: "tls-name",
    source: "crypto/x509 verify.go HostnameError",
    versions: GO,
  },
  {
    text: "http: server gave HTTP response to HTTPS client",
    pattern:
      /http: server gave HTTP response to HTTPS client|tls: first record does not look like a TLS handshake/,
    kind: "tls-mixed",
    source: "net/http client.go; crypto/tls conn.go",
    versions: GO,
  },
  {
    text: "malformed HTTP response",
    pattern: /malformed HTTP (?:response|status code|version)/,
    kind: "tls-mixed",
    source: "net/http response.go ReadResponse",
    versions: GO,
  },
  {
    text: "Client sent an HTTP request to an HTTPS server",
    pattern: /HTTP request (?:was sent )?to (?:an )?HTTPS (?:server|port)/,
    kind: "tls-mixed",
    source: "net/http server.go; nginx, error 497",
    versions: GO,
  },
  {
    text: "remote error: tls: …; x509: …",
    pattern:
      /remote error: tls: |\btls: (?:failed to verify|handshake|server selected|protocol version)|x509: |TLS handshake timeout/,
    kind: "tls-failed",
    source: "crypto/tls alert.go; net/http transport.go",
    versions: GO,
  },
  {
    text: "curl: (35) … wrong version number",
    pattern: /curl: \((?:35|1|52)\).{0,200}(?:wrong version number|record layer|HTTP request)/,
    kind: "tls-mixed",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "curl: (60) … certificate has expired, certificate is not yet valid",
    pattern: /curl: \(60\).{0,200}certificate (?:has expired|is not yet valid)/,
    kind: "tls-expired",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "curl: (60) SSL: no alternative certificate subject name matches …",
    pattern: /curl: \((?:51|60)\).{0,200}(?:subject name|does not match)/,
    kind: "tls-name",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "curl: (60) SSL certificate problem: …",
    pattern: /curl: \((?:51|60|77|83)\)/,
    kind: "tls-untrusted",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "curl: (35) …",
    pattern: /curl: \((?:35|53|58|59)\)/,
    kind: "tls-failed",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  // Content types of 4.x.
  {
    text: "simplestreams url … returned unexpected content type …",
    pattern: /simplestreams url "(?<url>[^"]{1,1000})" returned unexpected content type/,
    kind: "type-refused",
    source: "domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256",
    versions: "4.0",
  },
  {
    text: "simplestreams url … does not support expected content type …",
    pattern: /simplestreams url "(?<url>[^"]{1,1000})" does not support expected content type/,
    kind: "type-refused",
    source: "domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256",
    versions: "4.0",
  },
  // The way to the internet: whatever is wrong there, Juju should have ended here.
  {
    text: "Got error requesting https://streams.canonical.com/…; cannot access URL https://streams.canonical.com/…",
    pattern:
      /(?:requesting|access URL|invalid URL|requesting|for source "default simplestreams" at URL|Get) "?(?<url>https?:\/\/(?:streams\.canonical\.com|juju-dist\.s3\.amazonaws\.com|jujutools\.blob\.core\.windows\.net)[^"\s]{0,500})/,
    kind: "went-to-internet",
    source: CONNECTION,
    versions: "2.8–3.6",
  },
  {
    text: 'searching for signed metadata in datasource "default simplestreams"',
    pattern:
      /(?:searching for signed|falling back to search for unsigned) metadata in datasource "(?<source>default simplestreams)"/,
    kind: "went-to-internet",
    source: `${STREAMS} GetMetadata`,
    versions: "2.8–3.6",
  },
  {
    text: "Got error requesting https://cloud-images.ubuntu.com/…; … https://api.charmhub.io/…",
    pattern:
      /https?:\/\/(?:cloud-images\.ubuntu\.com|images\.(?:linuxcontainers\.org|lxd\.canonical\.com)|api\.(?:charmhub\.io|snapcraft\.io|jujucharms\.com)|registry-1\.docker\.io|ghcr\.io|public\.ecr\.aws)|charmhub/i,
    kind: "other-source",
    source: "environs/simplestreams/datasource.go; charmhub/client.go; docker/registry",
    versions: "2.8–4.0",
  },
  // A tarball.
  {
    text: "hash mismatch for …; size mismatch for …",
    pattern: /(?:hash|size) mismatch for (?<url>\S{1,1000})/,
    kind: "download-altered",
    source: "apiserver/tools.go fetchAndCacheTools",
    versions: "2.8–3.6",
  },
  {
    text: "SHA-256 hash mismatch (…/…)",
    pattern: /SHA-256 hash mismatch/,
    kind: "download-altered",
    source: "environs/sync/sync.go UploadTools",
    versions: "2.8–3.6",
  },
  {
    text: "Tools checksum mismatch",
    pattern: /Tools checksum mismatch/,
    kind: "download-altered",
    source: "cloudconfig/userdatacfg_unix.go addDownloadToolsCmds (a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "tool not found at simplestreams url …",
    pattern: /tool not found at simplestreams url (?<url>\S{1,1000})/,
    kind: "agent-not-held",
    source: "domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256",
    versions: "4.0",
  },
  {
    text: "bad HTTP response from simplestreams url …",
    pattern: /bad HTTP response from simplestreams url "(?<url>[^"]{1,1000})"/,
    kind: "server-error",
    source: "domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256",
    versions: "4.0",
  },
  {
    text: "bad HTTP response: 404 Not Found",
    pattern: /bad HTTP response: 404/,
    kind: "agent-not-held",
    source: "apiserver/tools.go fetchAndCacheTools",
    versions: "2.9–3.6",
  },
  {
    text: "bad HTTP response: …",
    pattern: /bad HTTP response: \d/,
    kind: "server-error",
    source: "apiserver/tools.go fetchAndCacheTools",
    versions: "2.9–3.6",
  },
  {
    text: "curl: (22) The requested URL returned error: 404",
    pattern: /curl: \(22\) The requested URL returned error: 404/,
    kind: "agent-not-held",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "curl: (22) The requested URL returned error: …",
    pattern: /curl: \(22\)/,
    kind: "server-error",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "curl: (6), (7), (28) …",
    pattern: /curl: \((?:5|6|7|28|52|56)\)/,
    kind: "mirror-unreachable",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadCommand (curl of a new machine)",
    versions: "2.8–3.6",
  },
  {
    text: "Attempt … to download agent binaries from …; Download failed, retrying in 15s",
    pattern:
      /Attempt \d+ to download agent binaries from|Download failed, retrying in \d+s|Agent binaries downloaded successfully/,
    kind: "normal",
    source: "cloudconfig/userdatacfg_unix.go toolsDownloadTemplate (a new machine)",
    versions: "2.8–3.6",
  },
  // What the server answered.
  {
    text: "unauthorised access to URL …",
    pattern: /unauthorised access to URL "(?<url>[^"]{1,1000})"/,
    kind: "request-refused",
    source: CONNECTION,
    versions: "2.8–3.6",
  },
  {
    text: 'cannot access URL …, "403 Forbidden"',
    pattern: /cannot access URL "(?<url>[^"]{1,1000})", "(?:403|407)/,
    kind: "request-refused",
    source: CONNECTION,
    versions: "2.8–3.6",
  },
  {
    text: 'cannot access URL …, "503 Service Unavailable"',
    pattern: /cannot access URL "(?<url>[^"]{1,1000})", "\d/,
    kind: "server-error",
    source: CONNECTION,
    versions: "2.8–3.6",
  },
  {
    text: "cannot unmarshal JSON index metadata at URL …; bad JSON index data at URL …",
    pattern:
      /(?:cannot unmarshal JSON (?:index |mirror )?metadata|bad JSON (?:index|product) data) at URL "(?<url>[^"]{1,1000})"/,
    kind: "not-metadata",
    source: `${STREAMS} GetIndexWithFormat, ParseCloudMetadata, getMirrorRefs`,
    versions: "2.8–3.6",
  },
  {
    text: "unexpected index file format …, expected … at URL …",
    pattern: /unexpected (?:index|mirror) file format .{0,200} at URL "(?<url>[^"]{1,1000})"/,
    kind: "not-metadata",
    source: `${STREAMS} GetIndexWithFormat, ParseCloudMetadata`,
    versions: "2.8–3.6",
  },
  {
    text: "no PGP signature embedded in plain text data",
    pattern: /no PGP signature embedded in plain text data/,
    kind: "not-metadata",
    source: "environs/simplestreams/decode.go DecodeCheckSignature",
    versions: "2.8–3.6",
  },
  {
    text: "openpgp: signature made by unknown entity",
    pattern: /openpgp: signature made by (?:unknown entity|revoked key)/,
    kind: "signed-by-other",
    source: "x/crypto openpgp errors.go, by decode.go DecodeCheckSignature",
    versions: "2.8–3.6",
  },
  {
    text: "openpgp: invalid signature: …; openpgp: invalid data: …",
    pattern: /openpgp: /,
    kind: "not-metadata",
    source: "x/crypto openpgp errors.go, by decode.go DecodeCheckSignature",
    versions: "2.8–3.6",
  },
  // Connections, in the words of Go.
  {
    text: "proxyconnect tcp: …",
    pattern: /proxyconnect tcp: /,
    kind: "proxy-forward",
    source: "net/http transport.go dialConn",
    versions: GO,
  },
  {
    // Go gives the status text of the proxy and nothing else; its own errors begin with a small letter, or are EOF.
    text: 'Get "https://…": Forbidden, Proxy Authentication Required, Bad Gateway, …',
    pattern: /(?:Get|Head) "https:[^"\s]{1,1000}": [A-Z][a-z]+(?:[ -][A-Z]?[a-z]+){0,4}\s*(?:$|[}\]",;])/,
    kind: "proxy-forward",
    source: "net/http transport.go dialConn, where the proxy refuses CONNECT",
    versions: GO,
  },
  {
    text: "dial tcp …: connection refused, no such host, i/o timeout, no route to host",
    pattern:
      /dial (?:tcp|udp)\S* .{1,300}(?:connection refused|no such host|i\/o timeout|no route to host|network is unreachable|server misbehaving|connection timed out|operation was canceled|context deadline exceeded)/,
    kind: "mirror-unreachable",
    source: "net dial.go, by environs/simplestreams/datasource.go Fetch",
    versions: GO,
  },
  {
    text: "Got error requesting …; cannot access URL …",
    pattern: /(?:Got error requesting|cannot access URL|invalid URL) "(?<url>https?:[^"]{1,1000})"/,
    kind: "mirror-unreachable",
    source: CONNECTION,
    versions: "2.8–3.6",
  },
  // What a look-up ends with.
  {
    text: "Juju cannot bootstrap because no agent binaries are available for your model.",
    pattern: /Juju cannot bootstrap because no (?:agent binaries|tools) are available/,
    kind: "no-match-told",
    source: "environs/bootstrap/bootstrap.go noToolsMessage",
    versions: "2.8–3.6",
  },
  {
    text: "You may want to use the 'agent-metadata-url' configuration setting …",
    pattern: /You may want to use the 'agent-metadata-url' configuration setting/,
    kind: "normal",
    source: "environs/bootstrap/bootstrap.go noToolsMessage, its second line",
    versions: "2.8–3.6",
  },
  {
    text: "no bootstrap agent binaries available",
    pattern: /no bootstrap agent binaries available/,
    kind: "no-match-told",
    source: "environs/bootstrap/bootstrap.go getBootstrapToolsVersion",
    versions: "2.8–3.6",
  },
  {
    text: "no agent binaries available",
    pattern: /no agent binaries available/,
    kind: "no-match-told",
    source: "environs/tools/storage.go ErrNoTools",
    versions: "2.8–3.6",
  },
  {
    text: "no matching agent binaries available",
    pattern: /no matching agent binaries (?:available|found)/,
    kind: "no-match-told",
    source: "tools/list.go ErrNoMatches",
    versions: "2.8–3.6",
  },
  {
    text: "no matching agent versions available",
    pattern: /no matching agent versions available/,
    kind: "no-match-told",
    source:
      "apiserver/facades/client/modelupgrader findagents.go decideVersion; 2.8, 2.9: cmd/juju/commands/upgrademodel.go",
    versions: "2.8–3.6",
  },
  {
    text: "no compatible agent versions available",
    pattern: /no compatible agent versions available/,
    kind: "no-match-told",
    source: "cmd/juju/commands/upgrademodel.go validate",
    versions: "2.8–2.9",
  },
  {
    text: "cannot find agents from simple streams: …; cannot find tool version from simple streams: …",
    pattern: /cannot find (?:agents|tool version) from simple streams/,
    kind: "no-match-told",
    source: "apiserver/facades/client/modelupgrader findAgents",
    versions: "2.9–3.6",
  },
  {
    text: "searching simple streams for … in stream …: …; getting agent binary for version …",
    pattern:
      /(?:searching simple streams for|getting agent binary for version) "(?<version>\d[^"-]{0,40})(?:-[a-z0-9]+)?(?:-(?<arch>[a-z0-9]+))?"/,
    kind: "no-match-told",
    source: "domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256",
    versions: "4.0",
  },
  {
    text: "error fetching agent binaries: …",
    pattern: /error fetching (?:agent binaries|simple stream tools)/,
    kind: "no-match-told",
    source: "apiserver/tools.go getToolsForRequest",
    versions: "2.8–3.6",
  },
  {
    text: "cannot find available agent binaries: …; cannot update agent binaries information: …",
    pattern: /cannot (?:find available agent binaries|update agent binaries information)/,
    kind: "no-match-told",
    source: "apiserver/facades/controller/agenttools, worker/toolsversionchecker",
    versions: "2.8–3.6",
  },
  {
    text: "No packaged binary found, preparing local Juju agent binary",
    pattern: /No packaged binary found, preparing local Juju agent binary/,
    kind: "local-agent",
    source: "environs/bootstrap/bootstrap.go bootstrapIAAS",
    versions: "2.8–3.6",
  },
  {
    text: "cannot build agent binary to upload; cannot package bootstrap agent binary: …",
    pattern:
      /cannot (?:build agent binary to upload|package bootstrap agent binary)|no prepackaged agent available and no jujud binary can be found/,
    kind: "no-match-told",
    source: "environs/bootstrap/bootstrap.go bootstrapIAAS; environs/tools/build.go",
    versions: "2.8–3.6",
  },
  {
    text: "no upgrades available; no more recent supported versions available",
    pattern: /no upgrades available|no more recent supported versions available/,
    kind: "nothing-newer",
    source:
      "apiserver/facades/client/modelupgrader findagents.go errUpToDate; cmd/juju/commands/upgrademodel.go",
    versions: "2.8–3.6",
  },
  {
    text: "cannot upgrade to … due to issues with these models: …",
    pattern: /cannot upgrade to "[^"]{1,40}" due to issues with these models/,
    kind: "juju-refused",
    source: "apiserver/facades/client/modelupgrader upgrader.go; upgrades/upgradevalidation",
    versions: "2.9–3.6",
  },
  {
    text: "cannot upgrade to a version … greater than that of the controller …",
    pattern: /cannot upgrade to a version "(?<version>[^"]{1,40})" greater than that of the controller/,
    kind: "juju-refused",
    source: "apiserver/facades/client/modelupgrader upgrader.go UpgradeModel",
    versions: "3.6",
  },
  {
    text: "this client can only bootstrap … agents",
    pattern: /this client can only bootstrap \S+ agents/,
    kind: "juju-refused",
    source: "cmd/juju/commands/bootstrap.go Init",
    versions: "2.8–3.6",
  },
  // The course of a look-up: nothing is wrong with these. They tell what the lines after them are about.
  {
    text: "filtering agent binaries by version: …",
    pattern: /filtering agent binaries by version: (?<version>\S{1,40})/,
    kind: "normal",
    source: "environs/tools/tools.go FindTools",
    versions: "2.8–3.6",
  },
  {
    text: "filtering agent binaries by architecture: …",
    pattern: /filtering agent binaries by architecture: (?<arch>[a-z0-9]{1,20})/,
    kind: "normal",
    source: "environs/tools/tools.go FindTools",
    versions: "2.8–3.6",
  },
  {
    text: "finding exact version …",
    pattern: /finding exact version (?<version>\d\S{0,40})/,
    kind: "normal",
    source: "environs/tools/tools.go FindExactTools",
    versions: "2.8–3.6",
  },
  {
    text: "Looking for packaged Juju agent version … for …",
    pattern:
      /Looking for (?:latest patch of )?packaged Juju agent version (?<version>\d\S{0,40}) for (?<arch>[a-z0-9]{1,20})/,
    kind: "normal",
    source: "environs/bootstrap/bootstrap.go bootstrapIAAS",
    versions: "2.8–3.6",
  },
  {
    text: "… agent binaries not found locally, fetching; fetching … agent binaries from …",
    pattern:
      /(?:(?<version>\d[\w.-]{0,30}?)-[a-z0-9]{1,15}-(?<arch>[a-z0-9]{1,10}) )?agent binaries (?:not found locally, fetching|from )/,
    kind: "normal",
    source: "apiserver/tools.go getToolsForRequest, fetchAndCacheTools",
    versions: "2.9–3.6",
  },
  {
    text: "looking for data index using path …; … not accessed, trying legacy index path; cannot load index …; read metadata index at …",
    pattern:
      /looking for data index using|not accessed, (?:trying legacy index path|actual error)|cannot load index|skipping index|read metadata index at|finding products at path|can't read product data|candidate matches for|using default candidate|(?:searching for signed|falling back to search for unsigned) metadata in datasource "(?<source>[^"]{1,200})"|trying datasource|finding agent binaries in stream|reading agent binaries with|filtering agent binaries by os type|looking for agent binaries|fetchData failed/,
    kind: "normal",
    source: `${STREAMS}; environs/tools/tools.go`,
    versions: "2.8–3.6",
  },
];
