import { SETTING_LIST, settingVariable } from "../config/settings.ts";
import { GLOBAL_FLAGS, type GlobalFlag } from "./global-options.ts";
import { EXIT_STATUSES } from "./exit-status.ts";
import { wrapText } from "./output/text.ts";

/** The end of the top-level help. */
export const EXAMPLES = `
Examples:
  jam init                        write a commented jam.yaml
  jam sync --dry-run              show what would be fetched, and why
  jam sync && jam serve           fetch agents, then serve them
  jam connect --juju 3.6          print the commands for Juju 3.6
  jam bundle create --to bundle/  create a bundle for an air-gapped site
  jam which 3.6.5                 print the next version for 3.6.5, and why
  jam list -o json                print JSON for scripts

\`jam help options\`, \`jam help exit-codes\` and \`jam help environment\` describe the interface for scripts.
`;

function describeFlag({ flags, description, choices }: GlobalFlag): string {
  const values = choices === undefined ? "" : ` (${choices.join(", ")})`;
  return `  ${flags.padEnd(24)}${description}${values}\n`;
}

/** Help that belongs to no command: \`jam help TOPIC\`. */
export const HELP_TOPICS: Readonly<Record<string, string>> = {
  "exit-codes": `Exit codes

${EXIT_STATUSES.map(([status, meaning]) => `  ${String(status).padStart(3)}  ${meaning}\n`).join("")}
With -o json an error is {"error":{"code","message","hint","details"}} on standard output.
`,
  options: `Global options, for every command

${GLOBAL_FLAGS.map(describeFlag).join("")}
With --quiet, sync, bundle import, verify, repair, prune, doctor and check print nothing when all is well, so that cron
sends no mail.

They can stand before or after the name of the command. \`jam help environment\` lists the variables for them.
`,
  environment: `Environment

  JAM_CONFIG     the settings file, as --config
  JAM_OUTPUT     as --output
  JAM_LOG_LEVEL  as --log-level
  JAM_PROGRESS   as --progress
  NO_COLOR       as --no-color

Single settings; they replace those of jam.yaml, and flags replace them:
${wrapText(SETTING_LIST.map(([key]) => settingVariable(key)).join(", "), "  ").join("\n")}

HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used when fetching.
XDG_CACHE_HOME/jam (else ~/.cache/jam) is a cache that makes jam start faster. It can be deleted.
`,
};
