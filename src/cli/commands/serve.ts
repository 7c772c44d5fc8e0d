import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { describePull } from "../pull-event.ts";
import { userAgent } from "../program-info.ts";
import { createServerLog } from "../request-log.ts";
import { addSettingFlags, settingsFrom } from "../setting-flags.ts";

/** How long running transfers may continue after SIGTERM. */
const DRAIN_MS = 30_000;

export const define: DefineCommand = (command, run) => {
  addSettingFlags(command, "server");
  command
    .addHelpText(
      "after",
      `
The first line of standard output is the URL, in every output format; the request log
goes to standard error.
New snapshots are served immediately, without a restart. SIGTERM lets running downloads finish.
/api/v1 answers with the JSON documents of status, list, explain, plan, ready, which, site list and the last runs.
/ and /agents are pages for people, /healthz, /readyz and /metrics (Prometheus) are for monitoring.

Examples:
  jam serve
  jam serve --listen 0.0.0.0:8080
  jam connect                          print the commands for Juju`,
    )
    .action(run(serve));
};

async function serve(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const config = await context.config(settingsFrom(call.options, "server"));
  const { composeServer } = await import("../../compose/serve.ts");
  const log = createServerLog(context, { isCache: config.mode === "cache" });
  const server = await composeServer(config, {
    log: log.request,
    onDamage: log.damage,
    onUpstream: log.note,
    onPull(event) {
      const { isProblem, text } = describePull(event);
      if (isProblem) log.problem(text);
      else log.note(text);
    },
    env: context.io.env,
    userAgent: userAgent(),
    onUnnoted: (reason) =>
      log.note(`The next sync does not know of this damage, run jam verify --deep: ${reason}`),
    onOneWorker: () =>
      log.note(
        `server.workers is ${config.workers}, and one worker serves: in cache mode there is only one.`,
      ),
    onWorkerFailed: (reason) =>
      log.problem(`A worker failed and is replaced; its connections are cut off: ${reason}`),
    onFewFiles: (connections) =>
      log.note(
        `${connections} connections at most, because the limit of open files is low: raise it with ulimit -n or LimitNOFILE=, or lower server.connections.`,
      ),
  });
  const { url } = await server.listen(config.server);
  // The same line in every output format: scripts wait for it.
  await context.io.stdout.write(`${url}\n`);
  await untilAborted(context.signal);
  log.note("Stopping: running downloads may finish.");
  await server.close({ drainMs: DRAIN_MS });
  log.flush();
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
