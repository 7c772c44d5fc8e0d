import type { Command } from "commander";
import { siteName } from "../../../bundle/format/fields.ts";
import { formatReceipt, type Receipt } from "../../../bundle/format/receipt.ts";
import { takeReceipt } from "../../../bundle/inventory/mirror-inventory.ts";
import type { Config } from "../../../config/config.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { channelOption, inChannel } from "../../input/in-channel.ts";
import { JamError } from "../../../shared/errors.ts";
import { formatCount } from "../../../shared/listed.ts";
import { printable } from "../../../shared/printable.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { writeCarriedFile } from "./write-file.ts";
import { formatSigner } from "../../../shared/signature.ts";

interface Flags {
  readonly site?: string;
  readonly to?: string;
  readonly qr?: true;
  readonly unsigned?: true;
}

/** Adds `receipt` to `parent`. */
export function defineReceipt(parent: Command, run: RunAction): void {
  parent
    .command("receipt")
    .summary("write a signed receipt of what this mirror has, for the near side")
    .description("Write a signed receipt of what this mirror has, for the near side.")
    .option("--site <name>", "name of this side (default: `site` in jam.yaml)")
    .option("--to <file>", "write the receipt to this file")
    .option("--qr", "show it as QR codes, to be photographed from the screen")
    .option("--unsigned", "do not sign; the near side must pass --allow-unsigned")
    .addOption(channelOption(parent))
    .addHelpText(
      "after",
      `
A receipt is a short text: mail it, print it, or photograph it. It lists contents by short ids, and contains no machine
names, addresses or paths.

Examples:
  jam bundle receipt --to /media/stick/plant-7.receipt
  jam bundle receipt --qr
  jam site update plant-7.receipt                         (on the near side)`,
    )
    .action(run(inChannel(receipt)));
}

async function receipt(context: CommandContext, call: CommandCall<Flags>): Promise<void> {
  const { options } = call;
  const config = await context.config();
  const site = requireSite(options.site ?? config.site);
  const now = context.now();
  const sign = options.unsigned === true ? undefined : await readSigner(config);
  const { openStore } = await import("../../../compose/store.ts");
  const taken = await takeReceipt(await openStore(config), { site, now });
  const plain = formatReceipt(taken);
  const text = sign === undefined ? plain : await sign.clearSign(plain, now);
  const path = options.to === undefined ? undefined : await writeCarriedFile(context, options.to, text);
  const signedBy = sign?.fingerprint ?? null;
  const { createdAt, snapshot, agents, bytes } = taken;
  const document = { receipt: { site, createdAt, snapshot, agents, bytes, signedBy, text } };
  await context.output.print(document, () => render(text, options, context));
  if (context.output.format === "table") await context.output.note(summarize(taken, signedBy, path));
}

function requireSite(name: string | undefined): string {
  if (name !== undefined && siteName.safeParse(name).success) return name;
  const message =
    name === undefined ? "This site has no name." : `--site: "${name}" is not a valid site name.`;
  throw new JamError("JAM_USAGE_INVALID", message, {
    hint: "Set `site: plant-7` in jam.yaml, or give --site plant-7: up to 63 of a-z, 0-9, dots, dashes or underscores.",
    details: { flag: "--site", value: name ?? null },
  });
}

async function readSigner(config: Config) {
  const { openKeys } = await import("../../../compose/store.ts");
  const own = await (await openKeys(config)).own();
  if (own !== undefined) return own;
  throw new JamError("JAM_KEY_NOT_FOUND", `This side has no signing key in ${config.keys}.`, {
    hint: "Make one with `jam key generate`, or pass --unsigned.",
    details: { keys: config.keys },
  });
}

async function render(text: string, options: Flags, context: CommandContext): Promise<string> {
  if (options.qr !== true) return options.to === undefined ? text : "";
  const { drawQrCodes } = await import("./qr-codes.ts");
  const codes = await drawQrCodes(text, context.io.stdout.columns());
  return codes
    .map(({ drawing }, index) => {
      const label = codes.length === 1 ? "" : `${index + 1}/${codes.length}\n`;
      return `${label}${onDark(drawing, context)}`;
    })
    .join("\n");
}

/** The drawing on a dark background if the terminal has colours: on a light one it would be inverted. */
function onDark(drawing: string, { io, globals }: CommandContext): string {
  if (!io.stdout.isTTY || !globals.mayColor) return drawing;
  const { styleText } = process.getBuiltinModule("node:util");
  return drawing.replaceAll(/.+/g, (row) =>
    styleText(["whiteBright", "bgBlack"], row, { validateStream: false }),
  );
}

function summarize(
  { site, agents, bytes }: Receipt,
  signedBy: string | null,
  to: string | undefined,
): string {
  const where = to === undefined ? "" : ` Written to ${printable(to, Infinity)}.`;
  return `Receipt of ${site}: ${formatCount(agents, "agent")}, ${formatByteSize(bytes)}; signed by ${formatSigner(signedBy)}.${where} On the near side: jam site update FILE`;
}
