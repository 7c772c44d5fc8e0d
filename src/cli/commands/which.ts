import { JamError, ERROR_OUTCOMES } from "../../shared/errors.ts";
import type { WhichAnswer } from "../../upgrade/which/which-answer.ts";
import { WHICH_PARAMETERS, type ParameterValues } from "../../upgrade/which/parameters.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { isVerbose } from "../global-options.ts";
import { readInputFile } from "../input/input-files.ts";

interface WhichFlags extends Readonly<Record<string, string | readonly string[] | boolean | undefined>> {
  readonly input?: string;
  readonly trace?: true;
}

export const define: DefineCommand = (command, run) => {
  command.argument("[current]", "agent version of the model, as --current");
  for (const { name, takes, meaning } of WHICH_PARAMETERS) {
    if (takes === "switch") command.option(`--${name}`, meaning);
    else if (takes === "words") {
      command.option(
        `--${name} <${name}>`,
        meaning,
        (word: string, before: readonly string[] | undefined) => [...(before ?? []), ...word.split(",")],
      );
    } else command.option(`--${name} <${takes === "version" ? "version" : name}>`, meaning);
  }
  command
    .option("--input <file>", "answer the questions of a JSON document; - reads standard input")
    .option(
      "--trace",
      "where each rule is in Juju's code (also with -v); with --input, every candidate that a rule kept or dropped",
    )
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
Prints the version to which Juju upgrades a model or a controller, using that release's own rules and what this
mirror lists. Exits with 0 when there is a decision, with 5 when nothing fits (not-found) or Juju refuses (blocked).

Examples:
  jam which 3.6.5                                    a controller: which patch comes next
  jam which 2.9.42 --controller 2.9.51 --arch arm64  a model on it
  jam which 2.9.51 --to 3.6.9                        Juju's answer to that, and the alternative
  jam which --bootstrap --client 3.6.9               can this client bootstrap from here
  jam which --migrate --from-controller 2.9.51 --to-controller 3.6.9
  jam which --input questions.json -o json           many at once`,
    )
    .action(run(inChannel(which)));
};

async function which(context: CommandContext, call: CommandCall<WhichFlags>): Promise<number> {
  const { input, trace, ...flags } = call.options;
  if (input !== undefined) {
    refuseBeside(flags, call.args[0]);
    return answerFile(context, input, trace === true);
  }
  const values = valuesOf(flags, call.args[0] as string | undefined);
  const state = await readState(context);
  const { readParameters } = await import("../../upgrade/which/parameters.ts");
  const { answerQuestion } = await import("../../upgrade/which/which.ts");
  const answer = answerQuestion(state, readParameters(values, state)) as WhichAnswer;
  const { renderAnswer } = await import("../render/which.ts");
  const hasSources = trace === true || isVerbose(context.globals);
  await context.output.print(answer, () => renderAnswer(answer, { paint: context.paint, hasSources }));
  return answer.code === null ? 0 : ERROR_OUTCOMES[answer.code].exit;
}

async function answerFile(context: CommandContext, file: string, hasCandidates: boolean): Promise<number> {
  const { name, text } = await readInputFile(context, file, "--input");
  const { parseQuestions } = await import("../../upgrade/which/question-document.ts");
  const { answerBatch } = await import("../../upgrade/which/which.ts");
  const questions = parseQuestions(text, name);
  const document = answerBatch(await readState(context), questions, hasCandidates);
  const { renderBatch } = await import("../render/which.ts");
  await context.output.print(document, () => renderBatch(document.answers, context.width));
  return 0;
}

/** What is held here, and what upstream listed at the last sync; asks no network. */
async function readState(context: CommandContext) {
  const config = await context.config();
  const { composeWhich } = await import("../../compose/upgrade.ts");
  const read = await composeWhich(config);
  return read();
}

/** Commander names options in camel case; parameters are named as they are typed. */
function valuesOf(flags: ParameterValues, positional: string | undefined): ParameterValues {
  const values = Object.fromEntries(
    WHICH_PARAMETERS.map(({ name }) => [
      name,
      flags[name.replaceAll(/-(.)/g, (_all, letter: string) => letter.toUpperCase())],
    ]),
  );
  if (positional === undefined) return values;
  if (values["current"] !== undefined && values["current"] !== positional) {
    throw new JamError(
      "JAM_USAGE_INVALID",
      `current: is given twice, as ${positional} and as ${String(values["current"])}.`,
      {
        hint: "Give it once.",
      },
    );
  }
  return { ...values, current: positional };
}

function refuseBeside(flags: ParameterValues, positional: unknown): void {
  const [given] = Object.keys(flags);
  if (given === undefined && positional === undefined) return;
  throw new JamError("JAM_USAGE_INVALID", "--input cannot be combined with other question flags.", {
    hint: "Put it in the questions of the file, or leave --input out.",
  });
}
