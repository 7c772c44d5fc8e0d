import { z } from "zod";
import { findSeries } from "../../juju/release.ts";
import { append } from "./append.ts";
import { entriesOf, isMapping, noteUnread, readEntry, type Reading } from "./entries.ts";
import { baseField, lifeOf, platformOf, seriesField, statusField, statusText, text, told } from "./fields.ts";
import type { FleetApplication, FleetEndpoint, FleetUnit } from "./model-parts.ts";
import { unitsOf } from "./unit-entries.ts";

/** Source: juju cmd/juju/status/formatted.go applicationStatus, 2.0 to 4.0.15 */
const application = z.object({
  "status-error": text,
  charm: text,
  "charm-origin": text,
  "charm-name": text,
  "charm-rev": z.number().nullish(),
  "charm-channel": text,
  series: seriesField,
  base: baseField,
  life: text,
  scale: z.number().nullish(),
  exposed: z.boolean().nullish(),
  "provider-id": text,
  "application-status": statusField,
  "subordinate-to": z.array(z.string()).nullish(),
});

type ApplicationField = z.infer<typeof application>;

export interface ApplicationReading {
  readonly reading: Reading;
  /** Units of this model may be run by operators (Kubernetes, before 4.0). */
  readonly hasOperators: boolean;
}

/** The applications of a status, and all units: an application that is unreadable may still have readable units. */
export function applicationsOf(
  applications: unknown,
  { reading, hasOperators }: ApplicationReading,
): { readonly applications: FleetApplication[]; readonly units: FleetUnit[] } {
  const found: FleetApplication[] = [];
  const units: FleetUnit[] = [];
  for (const [name, value] of entriesOf(applications)) {
    const place = `applications.${name}`;
    const entry = readEntry(application, value);
    const field = "fault" in entry ? { "status-error": `jam cannot read it: ${entry.fault}` } : entry.value;
    const inside = isMapping(value) ? value["units"] : undefined;
    if (inside !== undefined && inside !== null && !isMapping(inside)) {
      noteUnread(reading, `${place}.units`, "is not a mapping");
    }
    found.push(applicationOf(name, field, entriesOf(inside).length > 0));
    const error = told(field["status-error"]);
    if (error !== undefined) noteUnread(reading, place, error);
    append(units, unitsOf(inside, { reading, hasOperators, place, application: name }));
  }
  return { applications: found, units };
}

function applicationOf(name: string, field: ApplicationField, hasUnits: boolean): FleetApplication {
  const charm = told(field.charm) ?? "";
  const origin = told(field["charm-origin"]);
  const series = findSeries(field.series ?? "");
  const fromBase = field.base?.name === "ubuntu" ? field.base.channel.split("/")[0] : undefined;
  return {
    name,
    charm,
    charmName: told(field["charm-name"]),
    charmChannel: told(field["charm-channel"]),
    charmRevision: field["charm-rev"] ?? undefined,
    origin,
    // 2.x prints `jujucharms` for the charm store; early 2.x knew nothing else.
    isFromCharmStore: charm.startsWith("cs:") || origin === "jujucharms" || origin === "charmstore",
    ...platformOf(field.base, field.series),
    ubuntu: fromBase ?? (series?.os === "ubuntu" ? series.version : undefined),
    life: lifeOf(field.life),
    scale: field.scale ?? undefined,
    status: statusText(field["application-status"]),
    isExposed: field.exposed ?? false,
    providerId: told(field["provider-id"]),
    subordinateTo: field["subordinate-to"] ?? [],
    hasUnits,
    statusError: told(field["status-error"]),
  };
}

const endpoint = z.object({ "status-error": text, url: text });

/** Offers and remote applications. One that is unreadable holds up nothing: neither has agents in this model. */
export function endpointsOf(value: unknown, kind: FleetEndpoint["kind"]): FleetEndpoint[] {
  return entriesOf(value).map(([name, field]) => {
    const entry = readEntry(endpoint, field);
    return "fault" in entry
      ? { kind, name, url: undefined, statusError: `jam cannot read it: ${entry.fault}` }
      : { kind, name, url: told(entry.value.url), statusError: told(entry.value["status-error"]) };
  });
}
