import { hostname } from "node:os";
import type { Config } from "../../config/config.ts";
import type { KeyFolder, TrustedKey } from "../../openpgp/key-folder.ts";
import type { SigningKey } from "../../openpgp/signing-key.ts";
import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatFingerprint } from "../../shared/fingerprint-text.ts";
import { readKeyFile, writeKeyFile } from "../key/key-files.ts";
import { formatTable } from "../output/table.ts";
import { programName } from "../program-name.ts";

export const define: DefineCommand = (command, run) => {
  command
    .command("generate")
    .summary("make the key that this side signs bundles and receipts with")
    .description(
      "Make the key that this side signs bundles and receipts with. There is one; it has no passphrase.",
    )
    .option("--name <text>", "what the key is called (default: `site` in jam.yaml, else this machine's name)")
    .action(run(generate));
  command
    .command("export")
    .summary("print the public half of this side's key, for those who shall trust it")
    .description(
      "Print the public half of this side's key, for those who shall trust it: carry it to the other side.",
    )
    .option("--to <file>", "write it to a new file")
    .action(run(exportKey));
  command
    .command("trust")
    .summary("believe what the keys in a file sign, from now on")
    .description(
      "Believe what the keys in a file sign, from now on. Compare the fingerprint with the key's owner.",
    )
    .argument("<file>", "public keys, armoured or binary; - is standard input")
    .option("--fingerprint <fingerprint>", "refuse the file when it holds another key than this one")
    .action(run(trust));
  command
    .command("distrust")
    .summary("believe a key no more")
    .description("Believe a key no more. What was imported with it stays.")
    .argument("<fingerprint...>", "the whole fingerprint, with or without blanks")
    .action(run(distrust));
  command
    .command("list")
    .summary("print this side's key and those that it trusts")
    .description("Print this side's key and those that it trusts.")
    .action(run(list));
  command.addHelpText(
    "after",
    `
These keys sign and verify what is carried over an air gap. Juju's own key, which signs the agent streams,
is part of jam and not among them. They are in the folder that \`keys\` in jam.yaml names (./jam-keys).

Examples:
  jam key generate --name plant-7
  jam key export --to plant-7.asc          carry this file to the other side, and there:
  jam key trust plant-7.asc                compare the fingerprint that it prints over the telephone
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
      `It lies in ${printable(config.keys, Infinity)} without a passphrase: keep that folder to yourself.`,
      "",
      "Next:",
      `  ${jam} key export --to FILE    # the public half, for the other side`,
      `  ${jam} key trust FILE          # there, so that it believes what is signed here`,
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
      : `Wrote ${printable(file, Infinity)}\nFingerprint, to be read out to who trusts it: ${formatFingerprint(key.fingerprint)}`,
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
    `Compare the fingerprint with the key's owner over another way than the one the file came, such as the telephone.\n` +
      `If it differs: ${jam} key distrust FINGERPRINT`,
  );
}

async function distrust(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const { keys } = await openKeys(context);
  const fingerprint = (call.args[0] as readonly string[]).join("");
  await keys.distrust(fingerprint);
  const left = await keys.list();
  await context.output.print(
    { keys: left.map(describeTrusted) },
    () => `What ${printable(fingerprint)} signs is believed no more. Keys that are left: ${left.length}.`,
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
      ? `There is no key in ${printable(config.keys, Infinity)}. \`jam key generate\` makes one, \`jam key trust FILE\` takes another side's.`
      : formatTable(
          [{ heading: "FINGERPRINT" }, { heading: "MADE" }, { heading: "WHOSE" }, { heading: "NAME" }],
          all.map((key) => [
            formatFingerprint(key.fingerprint),
            key.createdAt.toISOString().slice(0, 10),
            key.isOwn ? "this side" : "trusted",
            nameOf(key),
          ]),
        ),
  );
}

function describeOwn({ fingerprint, userId, createdAt }: SigningKey) {
  return { fingerprint, userId, createdAt: createdAt.toISOString() };
}

function describeTrusted({ fingerprint, userIds, createdAt, isOwn }: TrustedKey) {
  return { fingerprint, userIds, createdAt: createdAt.toISOString(), own: isOwn };
}

/** What a key is called comes from outside. */
function nameOf({ userIds }: TrustedKey): string {
  return printable(userIds.join(", ") || "-");
}

function checkName(name: string): string {
  if (name.trim() !== "" && printable(name) === name) return name;
  throw new JamError("JAM_USAGE_INVALID", `A key cannot be called "${printable(name)}".`, {
    hint: "Give --name up to 200 printable characters, such as plant-7.",
    details: { name },
  });
}

function noKey(): JamError {
  return new JamError("JAM_KEY_NOT_FOUND", "This side has no signing key.", {
    hint: "Run `jam key generate` to make one.",
  });
}
