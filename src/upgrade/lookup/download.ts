import { defined } from "../../shared/collections.ts";
import type { LookupWarning } from "./warnings.ts";
import type { JujuVersion } from "../../juju/version.ts";
import type { FoundAgent } from "./run-lookup.ts";
import type { LookupAnswer, LookupReader } from "./lookup-source.ts";
import type { LookupPurpose } from "../../juju/metadata-search/scope.ts";

/** Who fetches a tarball, and what the place would answer. */
export interface DownloadReport {
  /**
   * `machine`: the curl on the new controller machine, which follows no redirect; `client`: the client puts the file
   * into the machine's first script; `controller`: fetches it once, machines have it from there.
   */
  readonly by: "machine" | "client" | "controller";
  /** HTTP status; absent where no request was made or answered. */
  readonly status?: number;
  readonly contentType?: string;
}

const ACCEPT_OF_4_0 = "application/x-gzip,application/gzip";

/**
 * Who fetches the tarball and what would go wrong.
 * Source: juju cloudconfig/userdatacfg_unix.go curlCommand, apiserver/tools.go fetchAndCacheTools, for 4.0
 * domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256.
 */
export async function inspectDownload(
  agent: FoundAgent,
  who: { readonly client: JujuVersion; readonly purpose: LookupPurpose },
  reader: LookupReader,
): Promise<{ readonly download: DownloadReport; readonly warnings: readonly LookupWarning[] }> {
  const isFile = agent.url.startsWith("file:");
  const by = who.purpose === "upgrade" ? "controller" : isFile ? "client" : "machine";
  const is4 = who.client.major >= 4;
  const answer = await reader.probe(agent.url, is4 ? ACCEPT_OF_4_0 : "*/*");
  const type = answer.kind === "answer" ? answer.headers["content-type"] : undefined;
  return {
    download: {
      by,
      ...(answer.kind === "answer" ? { status: answer.status } : {}),
      ...defined({ contentType: type }),
    },
    warnings: warningsOf(agent, answer, { by, is4, isFile }),
  };
}

function warningsOf(
  agent: FoundAgent,
  answer: LookupAnswer,
  { by, is4, isFile }: { readonly by: DownloadReport["by"]; readonly is4: boolean; readonly isFile: boolean },
): LookupWarning[] {
  if (answer.kind === "not-contacted") return [];
  if (answer.kind !== "answer") {
    return [warning("tarball-missing", `${agent.url} cannot be fetched: ${answer.reason}.`, LIST_ONLY_HELD)];
  }
  const { status, headers } = answer;
  if (status >= 300 && status < 400) {
    const to = headers["location"] ?? "elsewhere";
    const effect =
      by === "machine" ? "The curl of the new controller machine does not follow it" : "A bootstrap fails";
    return [warning("tarball-redirect", `${agent.url} is a redirect to ${to}. ${effect}.`, SERVE_DIRECTLY)];
  }
  if (status !== 200) {
    return [warning("tarball-missing", `${agent.url} answers with status ${status}.`, LIST_ONLY_HELD)];
  }
  const warnings: LookupWarning[] = [];
  const coding = headers["content-encoding"];
  if (coding !== undefined && coding !== "identity") {
    const message = `${agent.url} is sent with Content-Encoding ${coding}: Juju unpacks it, then size and hash differ.`;
    warnings.push(warning("tarball-encoding", message, "Let the web server send .tgz files as they are."));
  }
  const length = headers["content-length"];
  if (length !== undefined && Number(length) !== agent.size && coding === undefined) {
    const message = `${agent.url} has ${length} bytes, but its metadata has ${agent.size}.`;
    warnings.push(warning("tarball-size", message, "Fetch it again with `jam sync`."));
  }
  if (is4 && !isFile && !ACCEPT_OF_4_0.split(",").includes(headers["content-type"] ?? "")) {
    const type = headers["content-type"] ?? "no type";
    const message = `${agent.url} has the type ${type}: controllers of 4.x accept only application/x-gzip and repeat the download endlessly.`;
    warnings.push(
      warning("tarball-type", message, "Let the web server send .tgz files as application/x-gzip."),
    );
  }
  return warnings;
}

const LIST_ONLY_HELD = "Publish metadata that lists only what is there, as `jam sync` does.";
const SERVE_DIRECTLY = "Let the web server answer with the file itself.";

function warning(code: LookupWarning["code"], message: string, remedy: string): LookupWarning {
  return { code, message, remedy };
}
