import { z } from "zod";
import { timeField } from "../../mirror/document-fields.ts";
import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";

/** One thing that has to be so before an upgrade. */
export const readyCheck = z.object({
  id: z.string().describe("Stable, for scripts and for --confirm."),
  status: z.enum(["ok", "fail", "unknown"]),
  summary: z.string().describe("One sentence."),
  evidence: z.array(z.string()).readonly().describe("What the status rests on: places, agents, dates."),
  remedy: z.string().describe("What to do; empty for one that is ok."),
  confirmedAt: timeField.exactOptional().describe("When a person said that they looked."),
});

/** Something that no listing shows. */
export const lookItem = z.object({
  id: z.string(),
  summary: z.string().describe("What would stop the upgrade."),
  command: z.string().nullable().describe("How to look; null where there is no command."),
  confirmedAt: timeField.exactOptional().describe("When a person said that they looked."),
});

export type ReadyCheck = Readonly<z.infer<typeof readyCheck>>;
export type LookItem = Readonly<z.infer<typeof lookItem>>;

interface Confirmable {
  readonly checks: readonly ReadyCheck[];
  readonly look: readonly LookItem[];
}

/**
 * Marks what a person looked at: an unknown check becomes ok, a failed one stays failed.
 * @throws JamError JAM_USAGE_INVALID for a name that none has
 */
export function confirmAll(
  { checks, look }: Confirmable,
  { ids, at }: { readonly ids: readonly string[]; readonly at: Date },
): Confirmable {
  const names = [...checks, ...look].map(({ id }) => id);
  for (const id of ids) if (!names.includes(id)) throw unknownCheck(id, names);
  const confirmedAt = at.toISOString();
  return {
    checks: checks.map((check): ReadyCheck => {
      if (!ids.includes(check.id)) return check;
      const status = check.status === "unknown" ? "ok" : check.status;
      return { ...check, status, confirmedAt };
    }),
    look: look.map((item) => (ids.includes(item.id) ? { ...item, confirmedAt } : item)),
  };
}

function unknownCheck(id: string, names: readonly string[]): JamError {
  const near = nearest(id, names);
  return new JamError("JAM_USAGE_INVALID", `--confirm: there is no check ${printable(id, 60)}.`, {
    hint: near === undefined ? `The checks are ${[...new Set(names)].join(", ")}.` : `Did you mean ${near}?`,
    details: { flag: "--confirm", value: id },
  });
}
