import { ERROR_OUTCOMES, JamError, isJamError, toJamError } from "../shared/errors.ts";
import { type ScannedArguments, scanArguments, isOutputFormat } from "./global-options.ts";
import type { RunOptions } from "./command.ts";

/** The exit status after running the command that `argv` names and reporting its failure, if any. Never rejects. */
export async function run(options: RunOptions): Promise<number> {
  const { argv, io, signal } = options;
  const scanned = scanArguments(argv);
  try {
    if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
      // The most frequent call of scripts and monitoring: it is answered without loading the parser.
      const { readVersion } = await import("./program-info.ts");
      await io.stdout.write(`${readVersion()}\n`);
      return 0;
    }
    const { dispatch } = await import("./dispatch.ts");
    return await dispatch(options, scanned);
  } catch (error) {
    const failure = signal.aborted ? asCancelled(error) : await withoutFolder(toJamError(error));
    await reportFailure(failure, scanned, options);
    return ERROR_OUTCOMES[failure.code].exit;
  }
}

async function reportFailure(error: JamError, scanned: ScannedArguments, options: RunOptions): Promise<void> {
  const { io, argv } = options;
  const { formatErrorDocument, renderError } = await import("./output/error-text.ts");
  const fromEnvironment = io.env["JAM_OUTPUT"];
  const format = scanned.output ?? (isOutputFormat(fromEnvironment) ? fromEnvironment : "table");
  if (format !== "table") {
    await io.stdout.write(await formatErrorDocument(error, format));
    return;
  }
  const { createPaint } = await import("./output/output.ts");
  const mayColor = !argv.includes("--no-color") && (io.env["NO_COLOR"] ?? "") === "";
  const isDebug = argv.some((word) => /^(?:(?:--log-level=)?(?:debug|trace)|-v|--verbose)$/.test(word));
  await io.stderr.write(renderError(error, createPaint(io.stderr, mayColor, io.env), isDebug));
}

/** An empty mirror whose folder is not there has mostly a slip in `--data` or `data:`. */
async function withoutFolder(error: JamError): Promise<JamError> {
  const data = error.details["data"];
  if (error.code !== "JAM_MIRROR_EMPTY" || typeof data !== "string") return error;
  const { existsSync } = await import("node:fs");
  return existsSync(data) ? error : error.with({ message: `${data} does not exist.` });
}

/** After a signal every failure is a consequence of it. */
function asCancelled(error: unknown): JamError {
  const hint = "Run the same command again: nothing that was finished is lost.";
  if (!isJamError(error, "JAM_CANCELLED"))
    return new JamError("JAM_CANCELLED", "Cancelled.", { cause: error, hint });
  return error.hint === undefined ? error.with({ hint }) : error;
}
