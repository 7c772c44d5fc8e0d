import { MIGRATION_GENERATIONS, generationOf } from "../../juju/decisions/generation.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { decideMigration } from "../../juju/decisions/migrate.ts";
import { covers } from "../../juju/upgrade-edge.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { readsOf } from "../../juju/stream.ts";
import { type JujuVersion, formatVersion } from "../../juju/version.ts";
import type { WhichAnswer, WhichWarning } from "./which-answer.ts";
import type { MigrationQuestion } from "./which-question.ts";
import { adviceWarnings, blocked, chosen, heedAdvice, type Verdict } from "./verdict.ts";
import type { WhichState } from "./which-state.ts";

/** "Does that controller take this model?", as far as versions go. */
export function answerMigrateQuestion(state: WhichState, question: MigrationQuestion): WhichAnswer {
  const juju = decideMigration(question);
  const evaluated = evaluate(juju, question, state.knowledge);
  const { model, targetController: target } = question;
  const advice = evaluated.version === null ? [] : adviceWarnings(model, target, state.knowledge);
  const verdict = heedAdvice(evaluated, advice);
  return {
    kind: "migrate",
    id: question.id,
    ...verdict,
    warnings: [...advice, ...(verdict.decision === "migrate" ? modelWarnings(state, question) : [])],
    trace: [
      {
        rule: "The target controller compares the model, the source controller and the lowest version it takes.",
        source: "migration/precheck.go:TargetPrecheck",
        kept: [],
        dropped: [],
      },
    ],
    generation: question.generation,
    juju,
    mirror: null,
    upstream: null,
  };
}

/** The answers of every target controller's rules, by their names. */
export function migrateByGeneration(question: MigrationQuestion): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    MIGRATION_GENERATIONS.map((generation) => [generation, decideMigration({ ...question, generation })]),
  );
}

function evaluate(
  juju: ReturnType<typeof decideMigration>,
  question: MigrationQuestion,
  knowledge: Knowledge,
): Verdict {
  const { model, sourceController, targetController } = question;
  const [from, to] = [formatVersion(model), formatVersion(targetController)];
  const hint = `\`${shellCommand`jam plan --from ${from} --to ${to}`}\` shows the upgrade path.`;
  if (!juju.ok) return blocked("JAM_UPGRADE_REFUSED", juju.error, hint);
  const reason = notUnderstood(sourceController, targetController, knowledge);
  if (reason !== undefined) return blocked("JAM_UPGRADE_REFUSED", reason, hint);
  return chosen(
    "migrate",
    to,
    `A controller of ${to} takes a model of ${from}; it keeps its agents until it is upgraded.`,
  );
}

/** From 4.0 on the version check lets everything pass, and the two controllers have to speak the same calls. */
function notUnderstood(source: JujuVersion, target: JujuVersion, knowledge: Knowledge): string | undefined {
  if (target.major < 4) return undefined;
  const rules = knowledge.migrations.filter((rule) => covers({ from: "*", to: rule.to }, source, target));
  if (rules.some((rule) => covers(rule, source, target))) return undefined;
  return rules[0]?.because ?? "No release is known whose models this controller takes.";
}

/** After the move the machines of the model ask the new controller for the version they run. */
function modelWarnings(
  state: WhichState,
  { arches = ["amd64"], model, targetController: target }: MigrationQuestion,
): WhichWarning[] {
  const index = state.held.for({
    family: readsOf(target),
    generation: generationOf(target),
    version: target,
  });
  const listed = new Set<string>(
    [...index.streams.keys()].flatMap((stream) => [...(index.archesOf(stream, model) ?? [])]),
  );
  const modelVersion = formatVersion(model);
  const missing = arches.filter((arch) => !listed.has(arch));
  if (missing.length === 0 || model.major === 0) return [];
  return [
    {
      code: "agents-of-model",
      severity: "warn",
      message: `${modelVersion} is not listed here for ${missing.join(", ")}: until the model is upgraded, a new machine of it finds no agent.`,
      remedy: state.fetchHint({ versions: modelVersion, arches, family: readsOf(target) }),
    },
  ];
}
