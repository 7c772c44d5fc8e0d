import { printable } from "../../shared/printable.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import type { LookupReport } from "../../upgrade/lookup/lookup-report.ts";
import type { LookupStep } from "../../upgrade/lookup/read-document.ts";
import type { Page, Paint } from "../output/output.ts";
import { formatTable } from "../output/table.ts";

/** Agents that are shown; JSON has them all. */
const MAX_AGENTS = 8;

/** A look-up for people: who looks for what, each document in order, and how it ends. */
export async function renderLookup(report: LookupReport, { paint, width }: Page): Promise<string> {
  const lines = [...head(report, paint), "", await steps(report, width), ...outcome(report, paint)];
  for (const { code, message, remedy } of report.warnings) {
    lines.push(
      "",
      `${paint("yellow", "warning")} ${paint("dim", `[${code}]`)}: ${printable(message, Infinity)}`,
    );
    lines.push(`  ${printable(remedy, Infinity)}`);
  }
  return `${lines.join("\n")}\n`;
}

function head({ juju, wanted, sources }: LookupReport, paint: Paint): string[] {
  const { version, majorMinor, release, arch } = wanted;
  const what = [version ?? `any ${majorMinor ?? "version"}`, release ?? "any OS", arch ?? "any arch"];
  return [
    paint("bold", `Juju ${juju.client} looks for ${what.join(", ")} (${juju.for})`),
    `  rules    of ${juju.rules}`,
    `  streams  ${printable(wanted.streams.join(", "), Infinity)}`,
    ...sources.map(({ name, url, requiresSigned }, index) => {
      const label = index === 0 ? "sources" : "";
      return `  ${label.padEnd(7)}  ${printable(name)} ${printable(url, Infinity)}${requiresSigned ? " (signed only)" : ""}`;
    }),
  ];
}

function steps({ steps: all, sources }: LookupReport, width: number): Promise<string> {
  return formatTable(
    [
      { heading: "#", align: "right" },
      { heading: "STREAM" },
      { heading: "DOCUMENT" },
      { heading: "ANSWER" },
      { heading: "HOW JUJU TREATS IT" },
    ],
    all.map((step, index) => [
      `${index + 1}`,
      step.stream,
      shortUrl(step, sources),
      step.sent ? `${step.status ?? "none"}` : "not asked",
      `${step.note}${step.attempts > 1 && step.sent ? ` (tried ${step.attempts} times)` : ""}`,
    ]),
    width,
  );
}

/** The path below the first source, which is the one that is looked at; other URLs in full. */
function shortUrl({ url }: LookupStep, sources: LookupReport["sources"]): string {
  const base = sources[0]?.url ?? "";
  return base !== "" && url.startsWith(base) ? url.slice(base.length).replace(/^\//, "") : url;
}

const WHO = {
  machine: "the new controller machine (curl, follows no redirect)",
  client: "the client, which puts it into the machine's first script",
  controller: "the controller; machines have it from there",
} as const;

function outcome(report: LookupReport, paint: Paint): string[] {
  const { chosen, found, internet, message } = report;
  const asks = `asks ${printable(internet.url, Infinity)} for ${internet.streams.join(", ")}`;
  if (chosen === null) {
    const how = report.outcome === "not-found" ? "Nothing found" : "The look-up fails";
    const more = internet.asked
      ? [`  Juju ${asks}; that was not done here.`]
      : ["  Juju does not ask the internet."];
    return [`${paint("red", how)}: ${printable(message ?? "", Infinity)}`, ...more];
  }
  const rest = found.length - chosen.agents.length;
  return [
    `${paint("green", "Found")} ${paint("bold", chosen.version)}${rest > 0 ? `, and ${rest} older` : ""}`,
    ...chosen.agents
      .slice(0, MAX_AGENTS)
      .map(
        ({ agent, url, size, stream }) =>
          `  ${printable(agent)}  ${formatByteSize(size)}  ${printable(stream)}\n    ${printable(url, Infinity)}`,
      ),
    ...(chosen.agents.length > MAX_AGENTS ? [`  and ${chosen.agents.length - MAX_AGENTS} more`] : []),
    `  fetched by ${WHO[chosen.agents[0]?.download.by ?? "controller"]}`,
    internet.asked ? `  Juju also ${asks}; that was not done here.` : "  Juju does not ask the internet.",
  ];
}
