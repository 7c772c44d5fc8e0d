import { z } from "zod";
import { ARCHES, isArchWord } from "../juju/platform.ts";
import { FETCH_TIMES } from "../juju/select-rule.ts";
import { ADVICE_LINK, ADVICE_SEVERITIES } from "../juju/knowledge/knowledge.ts";
import { OS_TYPES, SERIES_NAMES } from "../juju/release.ts";
import { STREAMS } from "../juju/stream.ts";
import { parseVersionRange } from "../juju/version-range.ts";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { REF_NAME } from "../shared/ref-name.ts";
import { SETTING_LIST, SETTINGS, type Setting, type SettingKey } from "./settings.ts";
import { expectationOf, readValue, type WrittenValue } from "./values.ts";

/** Maximum entries of one list. The largest allowed settings file has room for that many. */
const MAX_ROWS = 10_000;
/** Maximum characters of one text. Addresses, reasons and ranges are much shorter. */
const MAX_TEXT = 10_000;

const text = (what: string) =>
  z
    .string(`expected ${what}`)
    .min(1, `expected ${what}, got an empty text`)
    .max(MAX_TEXT, `expected ${what} of at most ${MAX_TEXT} characters`);

const count = (smallest: number, largest: number) => {
  const expected = `expected a whole number from ${smallest} to ${largest}`;
  return z.int(expected).min(smallest, expected).max(largest, expected);
};

/** The value of one setting in a file. */
type FileValue<Key extends SettingKey> = (typeof SETTINGS)[Key] extends {
  readonly choices: readonly (infer Choice)[];
}
  ? Choice
  : (typeof SETTINGS)[Key]["kind"] extends "count"
    ? number
    : (typeof SETTINGS)[Key]["kind"] extends "size" | "share" | "workers"
      ? WrittenValue
      : string;

type Optional<Value> = z.ZodOptional<z.ZodType<Value, Value>>;

/** The schema of one setting, from its declaration. */
function setting<Key extends SettingKey>(key: Key): Optional<FileValue<Key>> {
  const declared: Setting = SETTINGS[key];
  const { description, example } = declared;
  const examples = example === undefined ? {} : { examples: [example] };
  const schema: z.ZodType = checkOf(declared).meta({ description, ...examples });
  return schema.optional() as Optional<FileValue<Key>>;
}

function checkOf(declared: Setting): z.ZodType {
  const expected = expectationOf(declared);
  const isValid = (value: WrittenValue) => readValue(declared, value, "/") !== undefined;
  switch (declared.kind) {
    case "count":
      return count(...declared.range);
    case "choice":
      return z.enum(declared.choices, expected);
    case "size":
    case "share":
    case "workers":
      return z.union([z.string(), z.number()], expected).refine(isValid, expected);
    case "folder":
    case "file":
      return text(expected.replace("expected ", ""));
    case "name":
    case "duration":
    case "listen":
      return z.string(expected).refine(isValid, expected);
  }
}

type NameIn<Group extends string> = {
  [Key in SettingKey]: Key extends `${Group}.${infer Name}` ? Name : never;
}[SettingKey];

type Members<Group extends string> = {
  [Name in NameIn<Group>]: `${Group}.${Name}` extends SettingKey
    ? Optional<FileValue<`${Group}.${Name}`>>
    : never;
};

/** A mapping of all declared settings whose path begins with `name`. */
function group<Group extends string>(name: Group, description: string) {
  const members = SETTING_LIST.flatMap(([key]) =>
    key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), setting(key)] as const] : [],
  );
  const first = SETTING_LIST.find(([key]) => key.startsWith(`${name}.`));
  const example = first === undefined ? "" : `${first[0].slice(name.length + 1)}: ${first[1].default}`;
  return z
    .strictObject(Object.fromEntries(members) as Members<Group>, `expected a mapping such as { ${example} }`)
    .optional()
    .describe(description);
}

/** Adds a check that zod does not have: `complain` returns a message, or undefined for a valid value. */
const checked = (schema: z.ZodString, complain: (value: string) => string | undefined) =>
  schema.superRefine((value, context) => {
    const message = complain(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

/** A list, or a single word for a list with one element. */
const wordOrList = (what: string, example: string, complain: (value: string) => string | undefined) => {
  const expected = `expected ${what} or a list of them, such as ${example}`;
  const word = checked(z.string(expected), complain);
  return z.union([z.array(word, expected).min(1, expected).max(MAX_ROWS, expected), word], expected);
};

/** Refuses a name close to a known one, which is probably a typo. Other unknown names can be new, and are accepted. */
const slip = (kind: string, names: readonly string[], maxSlips?: number) => (value: string) => {
  const near = names.includes(value) ? undefined : nearest(value, names, maxSlips);
  return near === undefined ? undefined : `unknown ${kind} "${value}"; did you mean "${near}"?`;
};

const archSlip = slip("architecture", ARCHES);
const archOrList = () =>
  wordOrList("an architecture", "[amd64, arm64]", (value) =>
    isArchWord(value) ? archSlip(value) : `expected an architecture such as ${ARCHES.slice(0, 4).join(", ")}`,
  );

const versionRange = () =>
  checked(text("a range of versions such as >=3.6"), (value) => {
    try {
      parseVersionRange(value);
      return undefined;
    } catch (error) {
      if (error instanceof JamError) return `${error.message} ${error.hint ?? ""}`.trim();
      throw error;
    }
  });

const upstream = z
  .strictObject(
    {
      name: text("a name")
        .regex(/^[a-z0-9][a-z0-9._-]*$/i, "expected letters, digits, dots, dashes or underscores")
        .describe("A short name, shown in messages and reports."),
      url: text("an http(s) URL or a folder").describe(
        "http(s) URL of the folder that contains `streams/v1`, or a folder on this machine.",
      ),
      keyring: text("`builtin`, a file or `none`")
        .optional()
        .describe(
          "`builtin` (default): Juju's key, which is part of jam. Else a file with OpenPGP public keys, or `none`, which " +
            "disables verification and is recorded in each snapshot.",
        ),
      cache: z
        .strictObject(
          {
            quota: setting("cache.quota").describe(
              "Maximum size of the tarballs that came from this upstream because they were requested. They do not count for `cache.quota` then. Default: they count for `cache.quota`.",
            ),
            refresh: setting("cache.refresh").describe(
              "How often `jam serve` reads the metadata of this upstream again. Default: `cache.refresh`.",
            ),
            stale: setting("cache.stale").describe(
              "How long what only this upstream offers stays listed while it cannot be reached. Default: `cache.stale`.",
            ),
          },
          "expected a mapping such as { refresh: PT1H, quota: 10GiB }",
        )
        .optional()
        .describe("With `mode: cache`: settings of this upstream, instead of what `cache` says."),
    },
    "expected an upstream such as { name: canonical, url: https://streams.canonical.com/juju/tools/ }",
  )
  .describe("A simplestreams tree to mirror.");

const selectRule = z
  .strictObject(
    {
      stream: wordOrList("a stream", "[released, proposed]", slip("stream", STREAMS, 1)).describe(
        "Juju's `agent-stream`: released, proposed, testing or devel; `*` selects every stream that upstream lists.",
      ),
      versions: versionRange().optional().describe("A range of Juju versions. Default: every version."),
      arch: archOrList()
        .optional()
        .describe("amd64, arm64, ppc64el, s390x, riscv64, … Default: every architecture."),
      os: wordOrList("an OS type", "[ubuntu]", slip("OS type", OS_TYPES))
        .optional()
        .describe("OS types such as ubuntu, centos, windows. Default: every OS type."),
      series: wordOrList("a series", "[focal, jammy]", slip("series", SERIES_NAMES))
        .optional()
        .describe(
          "Series such as focal. Applies only to agents for Juju up to 2.8; later agents have no series. Default: every series.",
        ),
      keep: count(1, 1000)
        .optional()
        .describe("Only the newest N versions of each major.minor, counted per architecture. Default: all."),
      prereleases: z
        .boolean("expected true or false")
        .optional()
        .describe(
          "Whether to select pre-releases such as 3.6-beta2. Default: only from streams other than released, or when `versions` names one.",
        ),
      fetch: z
        .enum(FETCH_TIMES, "expected onRequest or onSync")
        .optional()
        .describe(
          "With `mode: cache`: `onRequest` (default there) fetches a tarball when it is requested for the first time, `onSync` when a sync runs. " +
            "With `mode: online` everything is fetched by a sync.",
        ),
    },
    'expected a rule such as { stream: released, versions: ">=3.6", arch: [amd64], keep: 2 }',
  )
  .describe("One rule. An agent is mirrored if at least one rule selects it and no `deny` entry matches it.");

const denyRule = z
  .strictObject(
    {
      version: versionRange().describe("An exact version or a range."),
      arch: archOrList().optional().describe("Only these architectures. Default: every architecture."),
      reason: text("a reason").optional().describe("Shown wherever the entry applies."),
    },
    'expected an entry such as { version: 3.6.7, reason: "…" }',
  )
  .describe("Agents that are never mirrored.");

const adviceRule = z
  .strictObject(
    {
      from: versionRange()
        .optional()
        .describe("Versions to upgrade from. Default: every version, and also a bootstrap."),
      to: versionRange().describe("Versions to upgrade to."),
      severity: z
        .enum(ADVICE_SEVERITIES, "expected info, warn or block")
        .describe(
          "`info` and `warn` are shown; `block` also excludes that upgrade from every answer and plan.",
        ),
      reason: text("a reason").describe("Shown with the advice."),
      link: text("an http(s) address")
        .regex(ADVICE_LINK, "expected an http(s) address with other characters percent-encoded")
        .optional()
        .describe(
          "http(s) address with more information. Characters that a URL does not allow must be percent-encoded.",
        ),
    },
    'expected an entry such as { to: 3.6.7, severity: block, reason: "…" }',
  )
  .describe("A known risk of an upgrade.");

/** Where the mirror is kept: one entry for each kind of store. */
const store = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z
          .literal("fs")
          .describe("Kind of the store. `fs` is a folder of a local or mounted file system."),
        path: text("a folder").describe("The data directory of the mirror."),
      }),
    ],
    "expected a store such as { kind: fs, path: ./mirror-data }",
  )
  .describe("Where the mirror is kept. `data: DIR` is the short form of `store: { kind: fs, path: DIR }`.");

/** A channel shows what its feeder has shown; it fetches nothing. */
const channelRule = selectRule
  .omit({ fetch: true })
  .describe("One rule. An agent of the feeder is listed if at least one rule selects it.");

/** How a duration is written; only its declaration's kind counts. */
const DURATION: Setting = { kind: "duration", description: "" };
const durationText = expectationOf(DURATION);

const channel = z
  .strictObject(
    {
      from: text("`mirror`, `bundle` or the name of a channel")
        .regex(REF_NAME, "expected `mirror`, `bundle` or the name of a channel")
        .describe(
          "Its feeder: `mirror`, or another channel. A promotion takes what the feeder has shown. `bundle`: `jam bundle import --channel` brings its agents.",
        ),
      select: z
        .array(channelRule, "expected a list of rules")
        .min(1, "expected at least one rule")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} rules`)
        .optional()
        .describe("Which of the feeder's agents to list; rules as in `select`. Default: all."),
      delay: z
        .string(durationText)
        .refine((value) => readValue(DURATION, value, "/") !== undefined, durationText)
        .optional()
        .describe("How old an agent must be before it is promoted. Default: no delay."),
      clock: z
        .enum(["seen", "upstream"], "expected seen or upstream")
        .optional()
        .describe(
          "From when `delay` counts: `seen` (default) since this mirror first listed the tarball, `upstream` from the date under which upstream lists it. " +
            "`upstream` suits a mirror that syncs rarely; a date upstream is what upstream says.",
        ),
      promote: z
        .enum(["manual", "auto"], "expected manual or auto")
        .optional()
        .describe(
          "`auto` promotes at the end of each sync and import. Default: `manual`, by `jam channel promote`.",
        ),
      retention: z
        .strictObject(
          {
            snapshots: setting("retention.snapshots").describe(
              "Number of earlier snapshots of the channel to keep for rolling back. Default: `retention.snapshots`.",
            ),
            age: setting("retention.age").describe(
              "How old an earlier snapshot of the channel may become. Default: `retention.age`.",
            ),
            quota: setting("retention.quota").describe(
              "Maximum size of the tarballs that the channel shows and can be rolled back to. Above it its oldest snapshots are deleted first. Default: no limit of its own.",
            ),
          },
          "expected a mapping such as { snapshots: 5, age: P90D }",
        )
        .optional()
        .describe("What to keep of the channel, instead of what `retention` says."),
    },
    "expected a channel such as { from: mirror, delay: P2D }",
  )
  .describe("A curated snapshot with an address of its own, /channel/NAME/tools.");

/** Why a channel can never get anything: it takes from itself in the end. A feeder may be made on the command line. */
function faultOf(
  name: string,
  channels: Readonly<Record<string, { readonly from: string }>>,
): string | undefined {
  if (name === "mirror") return "mirror is what syncs and imports publish; choose another name";
  if (name === "bundle")
    return "bundle is what `from` says of channels that bundles feed; choose another name";
  const path = [name];
  for (let at = channels[name]?.from; at !== undefined && at !== "mirror"; at = channels[at]?.from) {
    if (at === name)
      return `channels take from each other: ${[...path, name].join(" from ")}; let one take from mirror`;
    if (path.includes(at)) return undefined;
    path.push(at);
  }
  return undefined;
}

/** Schema of the settings file: the only source of its validation, documentation (`jam config schema`) and types. */
export const configSchema = z
  .strictObject(
    {
      version: z
        .literal(1, "expected 1: this jam reads version 1 of the format")
        .optional()
        .describe("Version of the file format."),
      mode: setting("mode"),
      data: setting("data"),
      store: store.optional(),
      keys: setting("keys"),
      site: setting("site"),
      keepRunning: setting("keepRunning"),
      onUpstreamRemoval: setting("onUpstreamRemoval"),
      upstreams: z
        .array(upstream, "expected a list of upstreams")
        .min(1, "expected at least one upstream")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} upstreams`)
        .superRefine((upstreams, context) => {
          const names = upstreams.map(({ name }) => name);
          const index = names.findIndex((name, at) => names.indexOf(name) < at);
          if (index < 0) return;
          const message = `the name ${names[index]} is used twice; give each upstream its own`;
          context.addIssue({ code: "custom", path: [index, "name"], message });
        })
        .optional()
        .describe(
          "Sources of agents, in order of preference. The next one is used when one cannot be read, and for what a rule names and the earlier ones list nothing for. A range such as >=3.5 is taken from the first one that lists anything for it; a rule that names the version (4.0.15) asks the next one.",
        ),
      select: z
        .array(selectRule, "expected a list of rules")
        .min(1, "expected at least one rule")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} rules`)
        .optional()
        .describe("Which agents to mirror."),
      deny: z
        .array(denyRule, "expected a list")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} entries`)
        .optional()
        .describe("Which agents never to mirror, whatever `select` says."),
      channels: z
        .record(
          z.string().regex(REF_NAME, "expected a name of letters, digits, dots, dashes and underscores"),
          channel,
          "expected a mapping such as { lab: { from: mirror, delay: P2D } }",
        )
        .superRefine((channels, context) => {
          const faults = Object.keys(channels).map((name) => ({ name, message: faultOf(name, channels) }));
          // Each channel of a cycle has the same fault.
          const first = faults.find(({ message }) => message !== undefined);
          if (first === undefined) return;
          context.addIssue({ code: "custom", path: [first.name, "from"], message: first.message });
        })
        .optional()
        .describe("Channels by name, in addition to those that `jam channel create` makes."),
      retention: group("retention", "What to keep, and for how long."),
      advice: z
        .array(adviceRule, "expected a list of advice")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} entries`)
        .optional()
        .describe(
          "Known risks of upgrades, for every command that answers or plans about versions. Included in bundles.",
        ),
      server: group("server", "Settings of `jam serve`."),
      cache: group("cache", "Settings of `mode: cache`."),
      fetch: group("fetch", "How to read from upstream."),
    },
    "expected a mapping of settings, such as `mode: online`",
  )
  .superRefine(({ mode, select }, context) => {
    if (mode !== undefined && mode !== "online") return;
    for (const [index, { fetch }] of (select ?? []).entries()) {
      if (fetch !== "onRequest") continue;
      const message = "`onRequest` needs `mode: cache`; with `mode: online` a sync fetches everything";
      context.addIssue({ code: "custom", path: ["select", index, "fetch"], message });
    }
  })
  .describe("Settings of jam, the Juju Agent Mirror.");

/** The contents of a settings file, as written. */
export type ConfigFile = z.infer<typeof configSchema>;

/** JSON Schema (draft 2020-12) of the settings file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input" });
}
