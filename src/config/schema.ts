import { z } from "zod";
import { parseByteSize } from "../shared/byte-size.ts";
import { parseDurationMs } from "../shared/duration.ts";
import { ARCHES, isArchWord } from "../juju/arch.ts";
import { ADVICE_LINK, ADVICE_SEVERITIES } from "../juju/knowledge/knowledge.ts";
import { OS_TYPES } from "../juju/release.ts";
import { STREAMS } from "../juju/stream.ts";
import { parseVersionRange } from "../juju/version-range.ts";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { findListen } from "./listen.ts";
import { parsePercent } from "./percent.ts";
import { SITE_NAME } from "../shared/limits.ts";

/** Maximum entries of one list. The largest allowed settings file has room for them; nobody writes that many. */
const MAX_ROWS = 10_000;
/** Maximum characters of one text. Addresses, reasons and ranges are much shorter. */
const MAX_TEXT = 10_000;

const text = (what: string) =>
  z
    .string(`expected ${what}`)
    .min(1, `expected ${what}, got an empty text`)
    .max(MAX_TEXT, `expected ${what} of at most ${MAX_TEXT} characters`);

const byteSize = (meaning: string) => {
  const expected = "expected a size such as 80GiB, 500MB or 1048576 (bytes)";
  return z
    .union([z.string(), z.number()], expected)
    .refine((value) => parseByteSize(String(value)) !== undefined, expected)
    .meta({ description: meaning, examples: ["80GiB"] });
};

const duration = (meaning: string) => {
  const expected = "expected an ISO 8601 duration such as PT6H or P2D (no years or months)";
  return z
    .string(expected)
    .refine((value) => parseDurationMs(value) !== undefined, expected)
    .meta({ description: meaning, examples: ["PT6H"] });
};

const count = (smallest: number, largest: number) => {
  const expected = `expected a whole number from ${smallest} to ${largest}`;
  return z.int(expected).min(smallest, expected).max(largest, expected);
};

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
      series: wordOrList("a series", "[focal, jammy]", () => undefined)
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

const retention = z
  .strictObject(
    {
      snapshots: count(1, 100_000).optional().describe("Number of snapshots to keep."),
      grace: duration(
        "How long a tarball is kept after it was removed from the index; a client may use its URL for minutes to hours.",
      ).optional(),
      quota: byteSize(
        "Maximum size of all tarballs. Above it the oldest snapshots are deleted first; a sync that needs more is refused. Default: no limit.",
      ).optional(),
      maxRemoval: z
        .union([z.string(), z.number()], "expected a share such as 40%")
        .refine((value) => parsePercent(value) !== undefined, "expected a share from 0% to 100%, such as 40%")
        .optional()
        .describe(
          "Largest share of the mirrored agents that may disappear upstream at once. A sync that would remove more is refused.",
        ),
    },
    "expected a mapping such as { snapshots: 20, grace: PT6H }",
  )
  .optional()
  .describe("What to keep, and for how long.");

const fetch = z
  .strictObject(
    {
      jobs: count(1, 64).optional().describe("Number of parallel downloads."),
      limitRate: byteSize("Bytes per second, for all connections together. Default: no limit.").optional(),
      idleTimeout: duration("A connection on which nothing arrives for this long is closed.").optional(),
      retries: count(0, 100)
        .optional()
        .describe(
          "Attempts after the first, per document and per tarball. Each wait is reported; `Retry-After` is honoured up to 5 minutes.",
        ),
      caFile: text("a PEM file").optional().describe("PEM file with additional certificate authorities."),
    },
    "expected a mapping such as { jobs: 4, limitRate: 20MiB }",
  )
  .optional()
  .describe("How to read from upstream.");

/** Schema of the settings file: the only source of its validation, documentation (`jam config schema`) and types. */
export const configSchema = z
  .strictObject(
    {
      version: z
        .literal(1, "expected 1: this jam reads version 1 of the format")
        .optional()
        .describe("Version of the file format."),
      mode: z
        .enum(["online", "offline"], "expected online or offline")
        .optional()
        .describe(
          "`offline` makes no outbound requests; a request that would be needed is refused and named.",
        ),
      data: text("a folder").optional().describe("The data directory of the mirror."),
      keys: text("a folder")
        .optional()
        .describe(
          "Folder with the keys that sign and verify bundles and receipts (`jam key`). Must not be inside `data`, " +
            "which a web server may publish.",
        ),
      site: z
        .string("expected a name such as plant-7")
        .regex(SITE_NAME.pattern, SITE_NAME.expected)
        .optional()
        .describe(
          "Name of this site in receipts: up to 63 characters of a-z, 0-9, dots, dashes and underscores.",
        ),
      upstreams: z
        .array(upstream, "expected a list of upstreams")
        .min(1, "expected at least one upstream")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} upstreams`)
        .optional()
        .describe(
          "Sources of agents, in order of preference. The next one is used when one cannot be read, and for agents that the earlier ones do not list.",
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
      retention,
      advice: z
        .array(adviceRule, "expected a list of advice")
        .max(MAX_ROWS, `expected at most ${MAX_ROWS} entries`)
        .optional()
        .describe(
          "Known risks of upgrades, for every command that answers or plans about versions. Included in bundles.",
        ),
      server: z
        .strictObject(
          {
            listen: z
              .string("expected HOST:PORT such as 127.0.0.1:8080")
              .refine(
                (value) => findListen(value) !== undefined,
                "expected HOST:PORT such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080",
              )
              .optional()
              .describe("HOST:PORT to listen on; port 0 picks a free port."),
          },
          "expected a mapping such as { listen: 127.0.0.1:8080 }",
        )
        .optional()
        .describe("Settings of `jam serve`."),
      fetch,
    },
    "expected a mapping of settings, such as `mode: online`",
  )
  .describe("Settings of jam, the Juju Agent Mirror.");

/** The contents of a settings file, as written. */
export type ConfigFile = z.infer<typeof configSchema>;

/** JSON Schema (draft 2020-12) of the settings file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input" });
}
