import { nameSome } from "../shared/listed.ts";
import type { DoctorInput } from "./doctor-document.ts";
import type { ExaminedMirror } from "./examined-mirror.ts";
import type { FoundFact } from "./finding.ts";
import type { FleetView } from "./fleet-facts.ts";
import { bySpan, describeSpan } from "./log-span.ts";
import type { RequestsExamination } from "./requests/examine-requests.ts";

export interface Presence {
  readonly inputs: readonly DoctorInput[];
  readonly requests: RequestsExamination;
  readonly mirror: ExaminedMirror | undefined;
  readonly fleet: FleetView | undefined;
  readonly listensOnLoopbackOnly: boolean;
  /** `--url` was given. */
  readonly isAddressAsked: boolean;
  /** `--since` or `--until` was given. */
  readonly isTimeNamed: boolean;
}

/** What was handed in and says nothing, who did not come, and what nobody asked for. */
export function presenceFacts(presence: Presence): FoundFact[] {
  return [...withoutWords(presence), ...logFacts(presence)];
}

function withoutWords({ inputs }: Presence): FoundFact[] {
  const words = inputs.filter(({ format }) => format === "juju");
  const [first] = words;
  if (first === undefined || words.some(({ lines }) => lines > 0)) return [];
  const names = nameSome(
    words.map(({ name }) => name),
    3,
  );
  return [{ kind: "juju-without-words", where: first.name, found: `no line in ${names}` }];
}

function logFacts(presence: Presence): FoundFact[] {
  const logs = presence.inputs.filter(({ format }) => format !== "juju");
  if (logs.length === 0) {
    // Who asks about something else than a log is answered.
    const isAsked = presence.inputs.length > 0 || presence.fleet !== undefined || presence.isAddressAsked;
    return isAsked ? [] : [withoutLog()];
  }
  if (logs.every(({ lines }) => lines === 0)) {
    const names = nameSome(
      logs.map(({ name }) => name),
      3,
    );
    return [{ kind: "log-without-lines", where: logs[0]?.name ?? "", found: `no line in ${names}` }];
  }
  return [...neverCame(presence, logs), ...unreadChannels(presence)];
}

function withoutLog(): FoundFact {
  return { kind: "log-not-given", where: "", found: "no log was given" };
}

function neverCame(
  { requests, fleet, listensOnLoopbackOnly, isTimeNamed }: Presence,
  logs: readonly DoctorInput[],
): FoundFact[] {
  if (requests.traffic.juju > 0) return [];
  const where = logs[0]?.name ?? "";
  if (requests.traffic.total === 0 && isTimeNamed) return [withoutRequestsThen(where)];
  const expected = fleet?.controllers.map(({ label }) => label) ?? [];
  const whom = expected.length === 0 ? "" : ` Expected: ${nameSome(expected, 8)}.`;
  const loopback = listensOnLoopbackOnly ? " server.listen is an address of this machine only." : "";
  return [
    {
      kind: "never-came",
      where,
      found: `no request of Juju's among ${requests.traffic.total} (${describeSpan(requests)}).${whom}${loopback}`,
      ...bySpan(requests),
    },
  ];
}

function withoutRequestsThen(where: string): FoundFact {
  return {
    kind: "never-came",
    where,
    found: "no request is from the time that --since and --until name",
    severity: "unknown",
    means: "nothing is known about what clients asked in that time",
    next: "name another time, or leave --since and --until out",
  };
}

function unreadChannels({ requests, mirror }: Presence): FoundFact[] {
  if (requests.traffic.total === 0) return [];
  return (mirror?.channels ?? [])
    .filter(({ name, isShown }) => isShown && !requests.channelsRead.has(name))
    .map(({ name }) => ({
      kind: "channel-unread",
      where: `/channel/${name}/tools`,
      channel: name,
      found: `nobody asked for channel ${name} (${describeSpan(requests)})`,
      ...bySpan(requests),
    }));
}
