import { z } from "zod";
import { countField, timeField } from "../mirror/document-fields.ts";

const seenLine = z.object({
  where: z.string().describe("The file and the number of the line, from 1: access.log:12."),
  line: z.string().describe("The line itself; a long one is cut."),
});

const sighting = z.object({
  count: countField.describe("How many lines say it."),
  first: timeField.nullable().describe("Time of the first of them; null where the lines have none."),
  last: timeField.nullable(),
  seen: z.array(seenLine).readonly().describe("The first of these lines."),
});

export type Sighting = z.infer<typeof sighting>;

const severity = z
  .enum(["problem", "unknown", "note"])
  .describe("`unknown`: it could not be decided. `note`: nothing is wrong.");

const finding = z.object({
  kind: z
    .string()
    .describe("What was found: an id of docs/reference/doctor.md, or of docs/reference/verify.md for --url."),
  check: z.string().describe("The check that it belongs to."),
  severity,
  where: z.string().describe("The first line that says it, or the address."),
  found: z.string().describe("What was seen, for people."),
  means: z.string().describe("What it means for clients."),
  next: z.string().describe("What to do."),
  ...sighting.shape,
  clients: z.array(z.string()).readonly().exactOptional().describe("Addresses that asked."),
  version: z.string().exactOptional(),
  arch: z.string().exactOptional(),
  channel: z.string().exactOptional(),
  controller: z.string().exactOptional(),
});

const check = z.object({
  id: z.string(),
  status: z.enum(["ok", "fail", "unknown"]),
  summary: z.string().describe("What was looked for."),
  findings: z.array(z.string()).readonly().describe("The kinds of its findings."),
});

const input = z.object({
  name: z.string().describe("The file, or standard input."),
  format: z.string().describe("jam, combined, juju, or listing for the output of a juju command."),
  lines: countField,
  requests: countField,
  unread: countField.describe("Lines that are not of this format."),
  from: timeField.nullable(),
  to: timeField.nullable(),
});

const verdict = z.enum(["healthy", "problems", "not-known"]);

/** What `jam doctor -o json` prints. */
export const doctorDocument = z
  .object({
    verdict: verdict.describe("`not-known`: no problem was found, and something could not be decided."),
    outcome: verdict.describe("The same as `verdict`."),
    findings: z.array(finding).readonly().describe("Everything that was found, problems first."),
    checks: z.array(check).readonly().describe("What was looked for."),
    notChecked: z
      .array(z.object({ id: z.string(), needs: z.string() }))
      .readonly()
      .describe("What was not looked for, and what that needs."),
    inputs: z.array(input).readonly(),
    requests: z
      .object({
        total: countField,
        juju: countField.describe("Sent by Juju or by a new machine."),
        jam: countField.describe(
          "Sent by jam to look at the address, as by `jam verify --url`; left out of all findings and counts but `total`.",
        ),
        mirrors: countField.describe(
          "Sent by another jam mirror or cache that has this one as its upstream; none of them counts as Juju.",
        ),
        lookups: countField.describe("Times that a client read the index."),
        downloads: countField.describe("Tarballs that were sent whole."),
        clients: countField.describe("Addresses of Juju's clients."),
        from: timeField.nullable(),
        to: timeField.nullable(),
      })
      .nullable()
      .describe("What the logs have; null without a log."),
  })
  .meta({ title: "Diagnosis" });

export type DoctorDocument = z.infer<typeof doctorDocument>;
export type DoctorFinding = DoctorDocument["findings"][number];
export type DoctorInput = DoctorDocument["inputs"][number];
