import { shellCommand } from "../../shared/shell-command.ts";
import { MIGRATION_GENERATIONS } from "../../juju/decisions/outcome.ts";
import { answerMigrate } from "../../juju/decisions/migrate.ts";
import { readVersion } from "../../juju/decisions/version-pool.ts";
import { covers } from "../../juju/upgrade-edge.ts";
import { readsOf } from "../../juju/upgrade-path.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { JujuVersion } from "../../juju/version.ts";
import type { WhichAnswer, WhichWarning } from "./which-answer.ts";
import type { MigrateAsked } from "./which-question.ts";
import { adviceWarnings, blocked, chosen, heedAdvice, type Verdict } from "./verdict.ts";
import type { WhichWorld } from "./which-state.ts";

/** "Does that controller take this model?", as far as versions go. */
export function answerMigrateQuestion(world: WhichWorld, asked: MigrateAsked): WhichAnswer {
  const juju = answerMigrate(asked);
  const judged = judge(juju, asked, world.knowledge);
  const from = readVersion(asked.modelVersion);
  const target = readVersion(asked.targetController);
  const advice = judged.version === null ? [] : adviceWarnings(from, target, world.knowledge);
  const verdict = heedAdvice(judged, advice);
  return {
    kind: "migrate",
    ...(asked.id === undefined ? {} : { id: asked.id }),
    ...verdict,
    warnings: [...advice, ...(verdict.decision === "migrate" ? modelWarnings(world, asked, from) : [])],
    trace: [
      {
        rule: "The target controller compares the model, the source controller and the lowest version it takes.",
        source: "migration/precheck.go:TargetPrecheck",
        kept: [],
        dropped: [],
      },
    ],
    generation: asked.generation,
    juju,
    mirror: null,
    upstream: null,
  };
}

/** The answers of every target controller's rules, by their names. */
export function migrateByGeneration(asked: MigrateAsked): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    MIGRATION_GENERATIONS.map((generation) => [generation, answerMigrate({ ...asked, generation })]),
  );
}

function judge(juju: ReturnType<typeof answerMigrate>, asked: MigrateAsked, knowledge: Knowledge): Verdict {
  const hint = `\`${shellCommand`jam plan --from ${asked.modelVersion} --to ${asked.targetController}`}\` shows the way.`;
  if (!juju.ok) return blocked("JAM_UPGRADE_REFUSED", juju.error, hint);
  const reason = notUnderstood(
    readVersion(asked.sourceController),
    readVersion(asked.targetController),
    knowledge,
  );
  if (reason !== undefined) return blocked("JAM_UPGRADE_REFUSED", reason, hint);
  return chosen(
    "migrate",
    asked.targetController,
    `A controller of ${asked.targetController} takes a model of ${asked.modelVersion}; it keeps its agents until it is upgraded.`,
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
  world: WhichWorld,
  { arches = ["amd64"], modelVersion, targetController }: MigrateAsked,
  model: JujuVersion,
): WhichWarning[] {
  const target = readVersion(targetController);
  const generation = target.major >= 4 ? "4.0" : target.major === 3 ? "3.6.23+" : "2.9.33+";
  const { listings } = world.held.for({ family: readsOf(target), generation, version: target });
  const listed = new Set(
    [...listings.values()].flatMap((versions) => [...(versions.get(modelVersion) ?? [])]),
  );
  const missing = arches.filter((arch) => !listed.has(arch));
  if (missing.length === 0 || model.major === 0) return [];
  return [
    {
      code: "agents-of-model",
      severity: "warn",
      message: `${modelVersion} is not listed here for ${missing.join(", ")}: until the model is upgraded, a new machine of it finds no agent.`,
      remedy: world.fetchHint({ versions: modelVersion, arches, family: readsOf(target) }),
    },
  ];
}
