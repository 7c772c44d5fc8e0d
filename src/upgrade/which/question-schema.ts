import { z } from "zod";
import { MAX_WORD, type QuestionKind } from "./which-question.ts";

/** Longest list of a question; real streams list some hundred versions. */
const MAX_LIST = 5_000;

const version = (meaning: string) =>
  z.string("expected a version such as 3.6.5, 3.6-beta2 or 2.9.42.1").max(MAX_WORD).describe(meaning);
const versions = (meaning: string) =>
  z.array(version(""), "expected a list of versions").max(MAX_LIST).describe(meaning);
const words = (what: string, meaning: string) =>
  z
    .array(z.string(`expected ${what}`).max(MAX_WORD), `expected a list of ${what}s`)
    .max(MAX_LIST)
    .describe(meaning);
const flag = (meaning: string) => z.boolean("expected true or false").optional().describe(meaning);
const nullable = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();
const generation = z
  .string("expected a generation such as 2.9, 3.6 or 2.9.33+")
  .max(40)
  .optional()
  .describe("Whose rules decide; left out, derived from the versions.");
const stream = (meaning: string) =>
  nullable(z.string("expected a stream such as released or proposed").max(MAX_WORD)).describe(meaning);

const common = {
  kind: z.string().optional().describe("upgrade, bootstrap, migrate, preferredStreams or newestCompatible."),
  id: z.union([z.string(), z.number()]).optional().describe("Returned with the answer."),
};

const source = {
  available: versions("Versions listed in any stream; in place of what the mirror holds.").optional(),
  streams: z
    .record(z.string(), versions(""), "expected a mapping of stream names to lists of versions")
    .optional()
    .describe("Versions by stream, `V@arch` for one arch only; in place of what the mirror holds."),
  configStream: stream("The model's `agent-stream`."),
  development: flag("The model's `development`."),
  arches: words("arch", "Arches of the model's machines.").optional(),
  safe: flag("Take only what is listed for all of the arches."),
};

const modelType = z.enum(["iaas", "caas"], "expected iaas (machines) or caas (Kubernetes)").optional();

const upgrade = z.object(
  {
    ...common,
    ...source,
    generation,
    client: version("Version of the `juju` client.").optional(),
    current: version("Agent version of the model."),
    modelType: modelType.describe("Machines or Kubernetes; iaas when left out."),
    isController: flag("The controller's own model; true when no controllerVersion is given."),
    controllerVersion: version("Version of the controller; `current` when left out.").optional(),
    requested: nullable(z.string("expected a version or null").max(MAX_WORD)).describe("`--agent-version`"),
    stream: stream("`--agent-stream`"),
    stored: versions("Versions in the controller's own agent store.").optional(),
    registryTags: words("image tag", "Tags of the jujud-operator image, for Kubernetes models.").optional(),
    localAgent: z
      .enum(["official", "custom"], "expected official or custom")
      .optional()
      .describe("Whether the client has a jujud of its own to upload."),
    otherModels: z
      .array(
        z.object(
          { name: z.string("expected a name").max(500), version: version("") },
          "expected { name, version }",
        ),
        "expected a list of { name, version }",
      )
      .max(MAX_LIST)
      .optional()
      .describe("The other models of the controller."),
    nodeArches: words("arch", "4.0: arch of each controller node.").optional(),
    nodeVersions: versions("4.0: version of each controller node.").optional(),
    unsupportedMachines: z
      .int("expected a whole number")
      .min(0, "expected a whole number")
      .optional()
      .describe("4.0: machines on a base that 4.0 does not support."),
  },
  "expected a question such as { current: 3.6.5 }",
);

const bootstrap = z.object(
  {
    ...common,
    ...source,
    generation,
    client: version("Version of the `juju` client."),
    autoUpgrade: flag("`--auto-upgrade`; in 1.25 the absence of `--no-auto-upgrade`."),
    requested: nullable(z.string("expected a version or null").max(MAX_WORD)).describe("`--agent-version`"),
    modelType: modelType.describe("Machines or Kubernetes; iaas when left out."),
  },
  "expected a question such as { client: 3.6.9, autoUpgrade: false }",
);

const migrate = z.object(
  {
    ...common,
    generation,
    modelVersion: version(
      "Agent version of the model; that of the source controller when left out.",
    ).optional(),
    sourceController: version("Version of the source controller."),
    targetController: version("Version of the target controller."),
    arches: source.arches,
  },
  "expected a question such as { modelVersion: 2.9.52, sourceController: 2.9.52, targetController: 3.6.9 }",
);

const preferredStreams = z.object(
  {
    ...common,
    version: nullable(version("The requested version, if any.")),
    runningVersion: version("Version of the client or controller that asks."),
    development: flag("The model's `development`."),
    stream: stream("The model's `agent-stream`."),
  },
  "expected a question such as { runningVersion: 3.6.5, stream: proposed }",
);

const newestCompatible = z.object(
  {
    ...common,
    base: version("The version that is running."),
    list: versions("The versions to choose from."),
  },
  "expected a question such as { base: 3.6.5, list: [3.6.6] }",
);

/** The forms of a question. Misspelled fields are refused elsewhere. */
export const QUESTION_SCHEMAS = {
  upgrade,
  bootstrap,
  preferredStreams,
  newestCompatible,
  migrate,
} as const satisfies Readonly<Record<QuestionKind, z.ZodObject>>;

/** A question as it was handed in, its shape checked. */
export type RawQuestion<Kind extends QuestionKind> = z.infer<(typeof QUESTION_SCHEMAS)[Kind]>;

/** JSON Schema (draft 2020-12) of one question, for the description of the API. */
export function questionJsonSchema(kind: QuestionKind): object {
  return z.toJSONSchema(QUESTION_SCHEMAS[kind], { io: "input" });
}
