import { afterwards } from "../render/next-steps.ts";
import { hostname } from "node:os";
import type { Config } from "../../config/config.ts";
import type { KeyFolder, TrustedKey } from "../../openpgp/key-folder.ts";
import type { SigningKey } from "../../openpgp/signing-key.ts";
import { JamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatFingerprint } from "../../shared/signature.ts";
import { readKeyFile, writeKeyFile } from "../input/key-files.ts";
import { formatTable } from "../output/table.ts";
import { programName } from "../program-info.ts";
import { formatLocalDay } from "../../shared/local-time.ts";

export const define: DefineCommand = (command, run) => {
  command
    .command("generate")
    .summary("make the key that signs this side's bundles and receipts")
    .description(
      "Make the key that signs this side's bundles and receipts. There is one for each side; it has no passphrase.",
    )
    .option("--name <text>", "name in the key (default: `site` in jam.yaml, then this machine's name)")
    .action(run(generate));
  command
    .command("export")
    .summary("print the public half of this side's key, to give to the other side")
    .description("Print the public half of this side's key, to give to the other side.")
    .option("--to <file>", "write it to a new file")
    .action(run(exportKey));
  command
    .command("trust")
    .summary("trust signatures by the keys in a file")
    .description(
      "Trust signatures by the keys in a file from now on. Compare the fingerprint with the key's owner.",
    )
    .argument("<file>", "public keys, armoured or binary; - is standard input")
    .option("--fingerprint <fingerprint>", "refuse the file if it contains a key with another fingerprint")
    .action(run(trust));
  command
    .command("distrust")
    .summary("stop trusting a key")
    .description("Stop trusting a key. What was imported with it stays.")
    .argument("<fingerprint...>", "the full fingerprint, with or without spaces")
    .action(run(distrust));
  command
    .command("list")
    .summary("list this side's key and the trusted keys")
    .description("List this side's key and the trusted keys.")
    .action(run(list));
  command.addHelpText(
    "after",
    `
These keys sign and verify bundles and receipts. Juju's own key, which signs the agent streams, is part of jam and not
among them. The folder is set by \`keys\` in jam.yaml (default: ./jam-keys).

Examples:
  jam key generate --name plant-7
  jam key export --to plant-7.asc          carry this file to the other side, and there:
  jam key trust plant-7.asc                compare the fingerprint that it prints, for example by phone
  jam key list -o json`,
  );
};

async function openKeys(context: CommandContext): Promise<{ config: Config; keys: KeyFolder }> {
  const config = await context.config();
  const { openKeys } = await import("../../compose/store.ts");
  return { config, keys: await openKeys(config) };
}

async function generate(context: CommandContext, call: CommandCall<{ name?: string }>): Promise<void> {
  const { config, keys } = await openKeys(context);
  const userId = checkName(call.options.name ?? config.site ?? hostname());
  const key = await keys.generate({ userId, now: context.now() });
  const jam = programName(context.io.env);
  await context.output.print({ key: describeOwn(key) }, () =>
    [
      `Made the signing key of this side, ${userId}:`,
      `  ${formatFingerprint(key.fingerprint)}`,
      `It is in ${printable(config.keys, Infinity)}, without a passphrase: protect that folder.`,
      ...afterwards(context.globals, "", [
        `${jam} key export --to FILE    # the public half, for the other side`,
        `${jam} key trust FILE          # on the other side`,
      ]),
    ].join("\n"),
  );
}

async function exportKey(context: CommandContext, call: CommandCall<{ to?: string }>): Promise<void> {
  const { keys } = await openKeys(context);
  const key = await keys.own();
  if (key === undefined) throw noKey();
  const publicKey = key.publicKeyArmored;
  const { to } = call.options;
  const file = to === undefined ? null : await writeKeyFile(context.io, to, publicKey);
  await context.output.print({ key: { ...describeOwn(key), publicKey }, file }, () =>
    file === null
      ? publicKey
      : `Wrote ${printable(file, Infinity)}\nFingerprint (read this to whoever will trust it): ${formatFingerprint(key.fingerprint)}`,
  );
}

async function trust(context: CommandContext, call: CommandCall<{ fingerprint?: string }>): Promise<void> {
  const { keys } = await openKeys(context);
  const file = call.args[0] as string;
  const { fingerprint } = call.options;
  const bytes = await readKeyFile(context.io, file);
  const trusted = await keys.trust(bytes, file, fingerprint === undefined ? {} : { fingerprint });
  const jam = programName(context.io.env);
  await context.output.print({ keys: trusted.map(describeTrusted) }, () =>
    trusted
      .flatMap((key) => [`Trusted from now on: ${nameOf(key)}`, `  ${formatFingerprint(key.fingerprint)}`])
      .join("\n"),
  );
  if (fingerprint !== undefined) return;
  await context.output.note(
    `Compare the fingerprint with the key's owner over a separate channel, for example by phone.\n` +
      `If it differs: ${jam} key distrust FINGERPRINT`,
  );
}

async function distrust(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const { keys } = await openKeys(context);
  const fingerprint = await keys.distrust((call.args[0] as readonly string[]).join(""));
  const left = await keys.list();
  await context.output.print(
    { keys: left.map(describeTrusted) },
    () =>
      `Signatures by ${formatFingerprint(fingerprint)} are no longer trusted. Remaining: ${formatCount(left.length, "key")}.`,
  );
}

async function list(context: CommandContext): Promise<void> {
  const { config, keys } = await openKeys(context);
  const all = await keys.list();
  const problems = (await keys.problems()).map(({ code, message, hint }) => ({ code, message, hint }));
  for (const { code, message, hint } of problems)
    await context.output.warn(`warning: ${message} [${code}]\n  ${hint ?? ""}`);
  await context.output.print({ keys: all.map(describeTrusted), problems }, () =>
    all.length === 0
      ? `There are no keys in ${printable(config.keys, Infinity)}. \`jam key generate\` makes one, \`jam key trust FILE\` adds the other side's.`
      : formatTable(
          [{ heading: "FINGERPRINT" }, { heading: "MADE" }, { heading: "OWNER" }, { heading: "NAME" }],
          all.map((key) => [
            formatFingerprint(key.fingerprint),
            formatLocalDay(key.createdAt),
            key.isOwn ? "this side" : "trusted",
            nameOf(key),
          ]),
          context.width,
        ),
  );
}

function describeOwn({ fingerprint, userId, createdAt }: SigningKey) {
  return { fingerprint, userId, createdAt: createdAt.toISOString() };
}

function describeTrusted({ fingerprint, userIds, createdAt, isOwn }: TrustedKey) {
  return { fingerprint, userIds, createdAt: createdAt.toISOString(), own: isOwn };
}

/** The name in a key comes from outside. */
function nameOf({ userIds }: TrustedKey): string {
  return printable(userIds.join(", ") || "-");
}

function checkName(name: string): string {
  if (name.trim() !== "" && printable(name) === name) return name;
  throw new JamError("JAM_USAGE_INVALID", `--name: "${printable(name)}" is not a valid key name.`, {
    hint: "Give --name up to 200 printable characters, such as plant-7.",
    details: { name },
  });
}

function noKey(): JamError {
  return new JamError("JAM_KEY_NOT_FOUND", "This side has no signing key.", {
    hint: "Run `jam key generate` to make one.",
  });
}
