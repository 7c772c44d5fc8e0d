import { z } from "zod";
import { hasUnprintable } from "../../shared/printable.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";

/**
 * A command in a plan. In a plan that was read it is whatever its file says, shown as it is: one line that prints.
 * In a plan that is made only `shellCommand` gives one.
 */
export const commandField = z
  .custom<ShellCommand>(
    (value) => typeof value === "string" && !hasUnprintable(value),
    "expected a command of one line, of characters that print",
  )
  .meta({ type: "string" });

const word = z.string().min(1);

const step = z.object({
  id: word,
  /** In a few words. */
  title: z.string(),
  text: z.string(),
  /** To be pasted as they are, but for words in capitals. */
  commands: z.array(commandField).readonly(),
  source: z.string(),
});

const steps = z.array(step).readonly();

/** Preparation, doing and what comes after, in order. */
export const procedureSchema = z.object({
  before: steps,
  /** Which client, and how it gets inside. */
  client: steps,
  do: steps,
  watch: steps,
  verify: steps,
  /** By what is seen. */
  ifItFails: z.array(step.omit({ title: true }).extend({ symptom: z.string() })).readonly(),
  /** `none`, `backup`, `source-stays` until a migration succeeded, `unknown`. */
  wayBack: z.array(step.extend({ is: z.enum(["none", "backup", "source-stays", "unknown"]) })).readonly(),
});

/** What else has to be inside the gap. */
export const companionSchema = z.object({
  id: word,
  what: z.string(),
  need: z.enum(["always", "where-used"]),
  files: z.array(z.string()).readonly(),
  /** How to get the files, where there is a network. */
  fetch: z.array(commandField).readonly(),
  /** Flags of `juju bootstrap`. */
  flags: z.array(commandField).readonly(),
  /** Settings of a controller that runs already. */
  settings: z.array(commandField).readonly(),
  /** True when the commands of the hop carry the flags. */
  isInCommand: z.boolean(),
  later: z.string(),
  note: z.string(),
  source: z.string(),
});

/** What to know about the registry of a controller on Kubernetes. */
export const registryNoteSchema = z.object({
  id: word,
  /** `stops`: Juju refuses or fails where the condition holds. */
  severity: z.enum(["info", "stops"]),
  note: z.string(),
  remedy: z.string().optional(),
  source: z.string(),
});

export type PlanProcedure = z.infer<typeof procedureSchema>;
export type PlanCompanion = z.infer<typeof companionSchema>;
