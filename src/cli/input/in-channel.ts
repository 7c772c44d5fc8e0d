import type { Command, Option } from "commander";
import type { Config } from "../../config/config.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { CommandAction, CommandContext } from "../command.ts";

/** `--channel NAME` of a command that reads the mirror; its action is wrapped with `inChannel`. */
export function channelOption(command: Command): Option {
  return command.createOption(
    "--channel <channel>",
    "what this channel shows, instead of what the mirror does",
  );
}

/** The action, with a mirror that is the channel of `--channel`: what it lists, and its address. */
export function inChannel<Options>(action: CommandAction<Options>): CommandAction<Options> {
  return async (context, call) => {
    const { channel, ...options } = call.options as Options & { readonly channel?: string };
    const isMirror = channel === undefined || channel === MIRROR_REF;
    return action(isMirror ? context : withChannel(context, channel), {
      ...call,
      options: options as Options,
    });
  };
}

function withChannel(context: CommandContext, name: string): CommandContext {
  let known: Promise<Config> | undefined;
  return {
    ...context,
    config: async (flags) => (known ??= narrow(await context.config(flags), name)),
  };
}

async function narrow(config: Config, name: string): Promise<Config> {
  const { throughChannel } = await import("../../compose/through-channel.ts");
  return throughChannel(config, name);
}
