import { findListen } from "../../config/values.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import { JamError } from "../../shared/errors.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatNginxConfig } from "../nginx/server-block.ts";

interface Flags {
  readonly nginxListen: string;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--nginx-listen <host:port>", "where nginx listens", "0.0.0.0:80")
    .addHelpText(
      "after",
      `
nginx serves index, product files and tarballs from the data directory, and passes everything else to
\`jam serve\`, at the address of server.listen. Nothing is changed; the configuration is only printed.

Examples:
  jam nginx-config > /etc/nginx/conf.d/jam.conf
  jam nginx-config --nginx-listen 0.0.0.0:8000`,
    )
    .action(run(nginxConfig));
};

async function nginxConfig(context: CommandContext, { options }: CommandCall<Flags>): Promise<void> {
  const listen = findListen(options.nginxListen);
  if (listen === undefined || listen.port === 0) {
    throw new JamError("JAM_USAGE_INVALID", `--nginx-listen ${options.nginxListen} is not HOST:PORT.`, {
      hint: "Examples: 0.0.0.0:80, 127.0.0.1:8000, [::]:80.",
    });
  }
  const config = await context.config();
  const { data, server } = config;
  if (config.mode === "cache") {
    throw new JamError(
      "JAM_USAGE_INVALID",
      "With `mode: cache` the data directory does not contain what the index lists, so nginx cannot serve it.",
      {
        hint: "Let nginx pass every request to `jam serve` (proxy_pass, proxy_buffering off), or use `mode: online`.",
      },
    );
  }
  const { openReader } = await import("../../compose/store.ts");
  if ((await (await openReader(config)).refs.read(MIRROR_REF)) === undefined) {
    await context.output.note(
      `Nothing has been published in ${data} yet, so nginx answers 404 until \`jam sync\` or \`jam bundle import\` has run. \`--config\` and \`--data\` name another mirror.`,
    );
  }
  const text = formatNginxConfig({ data, listen, jam: server });
  await context.output.print({ config: text }, () => text.trimEnd());
}
