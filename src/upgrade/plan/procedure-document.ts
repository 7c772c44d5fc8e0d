import { z } from "zod";
import { hasUnprintable } from "../../shared/printable.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";

/**
 * A command in a plan. In a plan from a file it is the text of that file: one printable line. In a new plan only
 * `shellCommand` creates one.
 */
export const commandField = z
  .custom<ShellCommand>(
    (value) => typeof value === "string" && !hasUnprintable(value),
    "expected a command of one line with printable characters",
  )
  .meta({ type: "string" });

const word = z.string().min(1);

const step = z.object({
  id: word,
  /** A short title. */
  title: z.string(),
  text: z.string(),
  /** Can be pasted as they are, except for words in capitals. */
  commands: z.array(commandField).readonly(),
  source: z.string(),
});

const steps = z.array(step).readonly();

/** Preparation, upgrade and verification, in order. */
export const procedureSchema = z.object({
  before: steps,
  /** The client to use, and how to install it inside. */
  client: steps,
  do: steps,
  watch: steps,
  verify: steps,
  /** By symptom. */
  ifItFails: z.array(step.omit({ title: true }).extend({ symptom: z.string() })).readonly(),
  /** `none`, `backup`, `source-stays` until a migration succeeded, `unknown`. */
  wayBack: z.array(step.extend({ is: z.enum(["none", "backup", "source-stays", "unknown"]) })).readonly(),
});

/** What else is needed inside the air gap. */
export const companionSchema = z.object({
  id: word,
  what: z.string(),
  need: z.enum(["always", "where-used"]),
  files: z.array(z.string()).readonly(),
  /** Commands that download the files, with internet access. */
  fetch: z.array(commandField).readonly(),
  /** Flags of `juju bootstrap`. */
  flags: z.array(commandField).readonly(),
  /** Settings of a running controller. */
  settings: z.array(commandField).readonly(),
  /** True if the commands of the hop contain the flags. */
  isInCommand: z.boolean(),
  later: z.string(),
  note: z.string(),
  source: z.string(),
});

/** A note on the registry of a controller on Kubernetes. */
export const registryNoteSchema = z.object({
  id: word,
  /** `stops`: Juju refuses or fails if the condition applies. */
  severity: z.enum(["info", "stops"]),
  note: z.string(),
  remedy: z.string().optional(),
  source: z.string(),
});

export type PlanProcedure = z.infer<typeof procedureSchema>;
export type PlanCompanion = z.infer<typeof companionSchema>;
