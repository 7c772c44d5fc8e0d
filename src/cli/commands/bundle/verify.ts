import type { Command } from "commander";
import { describeAffected } from "../../../bundle/format/bundle-faults.ts";
import type { VerifyReport, VolumeFinding } from "../../../bundle/verify/verify-report.ts";
import { formatCount } from "../../../shared/listed.ts";
import { printable } from "../../../shared/printable.ts";
import { pathWord, shellCommand } from "../../../shared/shell-command.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { EXIT } from "../../exit-status.ts";
import { createProgress } from "../../progress.ts";
import { describeSignature } from "./inspect.ts";
import { describeVolumes } from "./volume-text.ts";

interface VerifyFlags {
  readonly allowUnsigned?: true;
}

/** Adds `verify` to `parent`. */
export function defineVerify(parent: Command, run: RunAction): void {
  parent
    .command("verify")
    .summary("read every byte of a bundle, and list bad volumes and the agents in them")
    .description("Read every byte of a bundle, and list bad volumes and the agents in them.")
    .argument("<from...>", "volumes, folders that contain them, or - for standard input")
    .option("--allow-unsigned", "accept a bundle whose signer is not trusted here")
    .addHelpText(
      "after",
      `
Checks the signature of the manifest, every content against the manifest, the structure of each volume to its last
byte, and SHA256SUMS next to the volumes: its signature and every file that it lists. What the far side must already
have is not in the bundle and is not checked.

States: whole; damaged; missing; swapped (a complete volume under the name of another); foreign (of another bundle).
The exit status is 0 if everything is whole, otherwise 4.

Examples:
  jam bundle verify /media/stick/
  jam bundle verify disc1/ disc2/ disc3/
  jam bundle verify /media/stick/ -o json > report.json     for: jam bundle repair report.json --to FOLDER`,
    )
    .action(run(verify));
}

async function verify(context: CommandContext, call: CommandCall<VerifyFlags>): Promise<number> {
  const config = await context.config();
  const { composeInputs, composeVerify } = await import("../../../compose/bundle.ts");
  const { verifyBundle } = await import("../../../bundle/verify/verify-bundle.ts");
  const paths = call.args[0] as readonly string[];
  const inputs = await composeInputs(paths, { cwd: context.io.cwd, stdin: context.io.readBytes });
  const progress = createProgress(context);
  try {
    const work = await composeVerify(config, {
      observe: progress.observe,
      signal: context.signal,
      allowsUnsigned: call.options.allowUnsigned === true,
    });
    const { report } = await verifyBundle(inputs, work);
    await progress.close();
    await context.output.print(report, () => `${renderReport(report, context, paths)}\n`);
    return report.outcome === "whole" ? EXIT.ok : EXIT.untrusted;
  } finally {
    await progress.close();
  }
}

/** The report for people; `paths` is what was verified, for the next command. */
export function renderReport(
  report: VerifyReport,
  { paint }: CommandContext,
  paths: readonly string[],
): string {
  const { bundle, count, signature, baseline } = report;
  const lines = [
    report.outcome === "whole"
      ? paint("green", "The bundle is whole")
      : paint("red", "The bundle is NOT whole"),
    `  bundle     ${bundle ?? "unknown: no manifest can be read"}`,
    ...(signature === null ? [] : [`  signature  ${describeSignature(signature, paint)}`]),
    `  volumes    ${(count ?? 0) - report.repair.volumes.length} of ${count ?? "an unknown number"} whole and in place`,
  ];
  for (const finding of report.volumes) {
    if (finding.state !== "whole") lines.push(...describeFinding(finding, paint));
  }
  for (const { path, state, fault } of report.beside) {
    if (state === "whole") lines.push(`  sidecar    ${printable(path)} is whole`);
    else lines.push(`  ${paint("red", state.padEnd(9))}  ${printable(fault?.message ?? path, 500)}`);
  }
  if (report.affected.length > 0)
    lines.push(
      `  affected   ${describeAffected(
        {
          agents: report.affected,
          documents: [],
          omitted: { agents: report.omitted?.affected ?? 0 },
        },
        12,
      )}`,
    );
  for (const { contents, ...from } of baseline)
    lines.push(
      `  relies on  ${formatCount(contents, "file")}${describeOrigin(from)} that the far side must have; these were not checked`,
    );
  for (const note of report.notes) lines.push(`  note       ${printable(note, 500)}`);
  return [...lines, ...nextStep(report, paths)].join("\n");
}

function describeFinding(
  { number, path, state, fault, ...affectedBy }: VolumeFinding,
  paint: CommandContext["paint"],
): string[] {
  const what = fault === undefined ? `volume ${number}` : printable(fault.message, 500);
  const which = number === null || fault === undefined ? "" : ` (volume ${number})`;
  const where = fault === undefined && path !== null ? `: ${printable(path)}` : "";
  const line = `  ${paint("red", state.padEnd(9))}  ${what}${which}${where}`;
  const affected = describeAffected(affectedBy, 12);
  return affected === "" ? [line] : [line, `             with ${affected}`];
}

function describeOrigin({
  bundle,
  snapshot,
}: {
  readonly bundle?: string;
  readonly snapshot?: string;
}): string {
  if (bundle !== undefined) return ` of bundle ${bundle}`;
  return snapshot === undefined ? "" : ` of snapshot ${snapshot}`;
}

/** What to do now, in the order in which to do it. */
function nextStep(report: VerifyReport, paths: readonly string[]): string[] {
  const { outcome, repair, volumes, beside, signature } = report;
  if (outcome === "whole") return [];
  const lines: string[] = [];
  if (signature?.state === "unknown")
    lines.push(
      "Compare the signer's fingerprint over a separate channel, for example by phone, then run: jam key trust FILE; or pass --allow-unsigned",
    );
  if (signature?.state === "unsigned")
    lines.push("Ask its maker to sign it (jam key generate); or pass --allow-unsigned");
  const needed = new Set(repair.volumes);
  const strange = volumes.filter(
    ({ state, number }) =>
      state === "foreign" || (state !== "whole" && number !== null && !needed.has(number)),
  );
  if (strange.length > 0)
    lines.push(
      `Remove files that do not belong there: ${strange.map(({ path }) => printable(path ?? "")).join(", ")}`,
    );
  const [from = "FOLDER", ...others] = paths;
  const place = others.length > 0 || from === "-" ? "FOLDER" : from;
  const command = shellCommand`jam bundle repair ${pathWord(place)}`;
  if (repair.volumes.length > 0)
    lines.push(
      `Repair volume ${describeVolumes(repair.volumes)}: ${command}`,
      "Or on the mirror that made it, with the report of jam bundle verify -o json: jam bundle repair report.json --to FOLDER",
    );
  else if (beside.some(({ state }) => state !== "whole"))
    lines.push(`Restore the files next to the volumes: ${command}`);
  return lines.length === 0 ? [] : ["", ...lines];
}
