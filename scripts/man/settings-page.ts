import { stringify } from "yaml";
import { configRows, type ConfigRow } from "../../src/config/describe.ts";
import { DEFAULTS } from "../../src/config/settings.ts";
import { formatPage, type ManPage, type PageFrame } from "./page.ts";
import { bold, escapeRoff, fill, item, literal, markup, paragraph } from "./roff.ts";

/** jam.yaml(5): every key of the settings file, from its declaration. */
export function settingsPage(frame: PageFrame): ManPage {
  return formatPage(
    {
      name: "jam.yaml",
      number: 5,
      summary: "settings of jam, the Juju Agent Mirror",
      sections: [
        [
          "SYNOPSIS",
          fill(
            [
              bold("./jam.yaml"),
              bold("/etc/jam/jam.yaml"),
              bold("$JAM_CONFIG"),
              String.raw`${bold("--config")} \fIFILE\fR`,
            ].join(", "),
          ),
        ],
        ["DESCRIPTION", DESCRIPTION.flatMap((text) => paragraph(markup(text)))],
        ["SETTINGS", configRows().flatMap(settingItem)],
        [
          "EXAMPLES",
          [
            ...paragraph("These are the defaults:"),
            ...literal(stringify(DEFAULTS, { lineWidth: 0 }).trimEnd().split("\n")),
          ],
        ],
      ],
      seeAlso: ["jam(1)", "jam-config(1)", "jam-init(1)"],
    },
    frame,
  );
}

const DESCRIPTION = [
  "A YAML file. `jam init` writes one with comments, `jam config validate` lists every problem with line and column, and `jam config show` prints the settings in effect and where each one comes from.",
  "A flag replaces an environment variable, which replaces the file, which replaces the default. An unknown key is an error.",
  "Relative paths in the file are relative to the folder of the file.",
  "A size is a number of bytes, or text such as `500MB` or `80GiB`. A duration has the ISO 8601 form: `PT30S`, `PT6H`, `P2D`. A share is a percentage such as `40%`.",
];

function settingItem({ key, type, defaultText, variable, meaning }: ConfigRow): string[] {
  const facts = [
    escapeRoff(type),
    ...(defaultText === "" ? [] : [`default ${markup(defaultText.replace("see below", "see EXAMPLES"))}`]),
    ...(variable === "" ? [] : [`variable ${bold(variable)}`]),
  ];
  return item(bold(key), `${markup(meaning)} (${facts.join(", ")})`);
}
