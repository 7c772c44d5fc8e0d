import type { ExecFileException } from "node:child_process";
import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import type { Fleet } from "../../upgrade/fleet/fleet.ts";
import { readFleet } from "../../upgrade/fleet/read-fleet.ts";
import type { NamedText } from "../../input/read-documents.ts";
import type { CommandContext } from "../command.ts";
import { readFleetFiles } from "./fleet-files.ts";

/** Where a watch takes its listings from: files that somebody writes again, or a command that is run again. */
export type ListingSource =
  | { readonly kind: "files"; readonly files: readonly string[] }
  | { readonly kind: "command"; readonly words: readonly string[] };

/** Bytes of output of one command; as large as a listing may be. */
const MAX_OUTPUT_BYTES = 100_000_000;

/** A call of juju that has not ended by then hangs: the controller does not answer while it restarts. */
const COMMAND_TIMEOUT_MS = 120_000;

/**
 * The fleet of the listings as they are now.
 * @throws JamError JAM_USAGE_INVALID when a file cannot be read or the command cannot be started,
 *   JAM_FLEET_INVALID with the command's own words when it fails and for what is no listing, the reason of `signal` when it is aborted
 */
export async function readListings(context: CommandContext, source: ListingSource): Promise<Fleet> {
  if (source.kind === "files") {
    return readFleetFiles(context, source.files, { flag: "file", isExplaining: false });
  }
  return readFleet([await runCommand(context, source.words)]);
}

async function runCommand(context: CommandContext, words: readonly string[]): Promise<NamedText> {
  const { execFile } = await import("node:child_process");
  const [file = "", ...args] = words;
  const name = printable(words.join(" "), 120);
  const { promise, resolve, reject } = Promise.withResolvers<NamedText>();
  execFile(
    file,
    args,
    {
      cwd: context.io.cwd,
      maxBuffer: MAX_OUTPUT_BYTES,
      timeout: COMMAND_TIMEOUT_MS,
      signal: context.signal,
      encoding: "utf8",
    },
    (error, stdout, stderr) => {
      if (error === null) resolve({ name, text: stdout });
      else if (context.signal.aborted) reject(context.signal.reason as Error);
      else reject(commandFault(error, name, stderr));
    },
  );
  return promise;
}

function commandFault(cause: ExecFileException, name: string, stderr: string): JamError {
  if (cause.code === "ENOENT" || cause.code === "EACCES") {
    return new JamError("JAM_USAGE_INVALID", `${name} cannot be started.`, {
      cause,
      hint: "Give the command after --, as you would type it: jam upgraded --watch -- juju status -m prod:web --format json",
      details: { command: name },
    });
  }
  const words = stderr.trim().split("\n").at(-1) ?? "";
  const said = words === "" ? "" : `: ${printable(words)}`;
  const what = cause.killed === true ? "did not end in two minutes" : `failed${said}`;
  return new JamError("JAM_FLEET_INVALID", `${name} ${what}.`, {
    cause,
    hint: "Run it by itself and read its messages.",
    details: { command: name },
  });
}
