import { printable } from "../../shared/printable.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { ACCEPTED_HINT, type Foreign } from "./foreign-kinds.ts";

/** Only the beginning of a text is looked at: what it is shows there. */
const HEAD_CHARACTERS = 64 * 1024;

// eslint-disable-next-line no-control-regex -- the colours of --color are control characters
const COLOURS = /\u001b\[[\d;]*m/g;

/** Listings in forms that are not read, by lines that only they have. Source: juju cmd/juju/status/output_*.go */
const FORMS: readonly (readonly [pattern: RegExp, command: string, form: string])[] = [
  [/^Model\s+Controller\s+Cloud\/Region/m, "juju status", "tabular"],
  [/^Controller\s+Model\s+User\s+Access/m, "juju controllers", "tabular"],
  [/^Model\s+Cloud\/Region\s+Type\s+Status/m, "juju models", "tabular"],
  [/^Machine\s+State\s+Address/m, "juju machines", "tabular"],
  [/^(?:App|Unit)\s+(?:Version|Workload)\s/m, "juju status", "tabular"],
  [/^- \S+\/\d+:? .*\(agent:/m, "juju status", "oneline"],
  [/^Running on subnets:/m, "juju status", "summary"],
];

/** What a text is for certain, whatever else it looks like: empty, a listing in another form, an error of Juju's. */
export function recogniseText(text: string): Foreign | undefined {
  const head = text.slice(0, HEAD_CHARACTERS).replaceAll(COLOURS, "");
  if (head.trim() === "") return EMPTY;
  const form = FORMS.find(([pattern]) => pattern.test(head));
  if (form !== undefined) return describeForm(form[1], form[2], head);
  const error = findJujuError(head);
  return error === undefined ? undefined : describeError(error, "instead of a listing");
}

/** What a file without a listing in it is. */
export const EMPTY: Foreign = {
  what: "is empty",
  next: "The command that was to fill it printed nothing or was stopped: run it again.",
  isListing: true,
};

/** Any other text, by its first line. */
export function describeText(text: string): Foreign {
  const lines = text.slice(0, HEAD_CHARACTERS).replaceAll(COLOURS, "").split("\n");
  const line = lines.find((one) => one.trim() !== "") ?? "";
  return {
    what: `is text and none of Juju's listings: "${printable(line.trim(), 80)}"`,
    next: ACCEPTED_HINT,
    isListing: false,
  };
}

/** The text of the first line of a text that Juju writes for an error. */
export function findJujuError(text: string): string | undefined {
  const line = /^[ \t]*(?:\d\d:\d\d:\d\d )?ERROR\b[: ]*(.+)$/m.exec(
    text.slice(0, HEAD_CHARACTERS).replaceAll(COLOURS, ""),
  );
  const error = line?.[1]?.trim();
  return error === undefined || error === "" ? undefined : printable(error, 300);
}

/** A file that holds what Juju said about a failure. */
export function describeError(error: string, where: string): Foreign {
  return {
    what: `holds an error of Juju ${where}: ${error}`,
    next: "Run the juju command again without 2>&1 and with a controller and model that it finds; write the file when it prints a listing.",
    isListing: true,
  };
}

function describeForm(command: string, form: string, head: string): Foreign {
  const about = command === "juju status" && form === "tabular" ? modelOf(head) : undefined;
  const again =
    about === undefined
      ? `${command} --format json > FILE`
      : `${shellCommand`juju status -m ${about.controller}:${about.model} --format json`} > FILE`;
  return {
    what: `is what ${command} prints in its ${form} form, which has no versions of agents: --format json is missing`,
    next: `Write it again with --format json: ${again}`,
    // A status with the names of its model stands for a model; the others go together with what other files tell.
    isListing: about !== undefined,
    ...(about === undefined ? {} : { about }),
  };
}

/** The names in the first line below the heading of a tabular status. */
function modelOf(head: string): Foreign["about"] {
  const [, model, controller] = /^Model\s+Controller\s.*\n(\S+)\s+(\S+)\s/m.exec(head) ?? [];
  return model === undefined || controller === undefined ? undefined : { controller, model };
}
