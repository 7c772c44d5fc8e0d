import { decideBootstrap } from "../../src/juju/decisions/bootstrap.ts";
import { decideMigration } from "../../src/juju/decisions/migrate.ts";
import type { BootstrapOutcome, MigrationOutcome, UpgradeOutcome } from "../../src/juju/decisions/outcome.ts";
import type { Trace } from "../../src/juju/decisions/trace.ts";
import { decideUpgrade } from "../../src/juju/decisions/upgrade.ts";
import { readQuestions } from "../../src/upgrade/which/question-document.ts";
import type { RawQuestion } from "../../src/upgrade/which/question-schema.ts";
import type { QuestionKind, WhichQuestion } from "../../src/upgrade/which/which-question.ts";

/** Questions as documents have them, versions as texts. */
export type UpgradeFields = DeepReadonly<RawQuestion<"upgrade">>;
export type BootstrapFields = DeepReadonly<RawQuestion<"bootstrap">>;
type MigrationFields = DeepReadonly<RawQuestion<"migrate">>;

type DeepReadonly<Value> = Value extends object
  ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
  : Value;

/** What Juju does with a question that brings its own lists. */
export function upgradeOutcome(fields: UpgradeFields, trace?: Trace): UpgradeOutcome {
  const question = readAs("upgrade", fields);
  return decideUpgrade({ ...question, streams: question.lists ?? new Map() }, trace);
}

export function bootstrapOutcome(fields: BootstrapFields): BootstrapOutcome {
  const question = readAs("bootstrap", fields);
  return decideBootstrap({ ...question, streams: question.lists ?? new Map() });
}

export function migrationOutcome(fields: MigrationFields): MigrationOutcome {
  return decideMigration(readAs("migrate", fields));
}

function readAs<Kind extends QuestionKind>(
  kind: Kind,
  fields: object,
): Extract<WhichQuestion, { kind: Kind }> {
  const [question] = readQuestions([{ ...fields, kind }]);
  if (question?.kind !== kind) throw new Error(`not a question of kind ${kind}`);
  return question as Extract<WhichQuestion, { kind: Kind }>;
}
