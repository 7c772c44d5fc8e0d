import { nameSome } from "../shared/listed.ts";
import { compareVersionTexts } from "../juju/version.ts";
import type { ExaminedMirror } from "./examined-mirror.ts";
import type { FoundFact } from "./finding.ts";
import { bySpan, describeSpan } from "./log-span.ts";
import type { RequestsExamination } from "./requests/examine-requests.ts";

/** What is used of a fleet. */
export interface FleetView {
  readonly controllers: readonly {
    readonly label: string;
    readonly presumedVersion: string | undefined;
    /** Hosts of its API, without ports; undefined where no file has them. */
    readonly addresses: readonly string[] | undefined;
    /** On Kubernetes, where no controller looks for agents by itself; in JAAS. */
    readonly isSilent: boolean;
  }[];
  /** What could not be read of its files. */
  readonly unread: readonly { readonly file: string; readonly text: string }[];
}

export interface FleetEvidence {
  readonly requests: RequestsExamination;
  readonly mirror: ExaminedMirror | undefined;
  /** Requests are there to compare with. */
  readonly hasLog: boolean;
}

/** The first version of Juju that reads `:agents`. */
const READS_AGENTS = "2.9.0";

/** What the fleet makes of the log and the mirror. */
export function fleetFacts(fleet: FleetView | undefined, evidence: FleetEvidence): FoundFact[] {
  if (fleet === undefined) return [];
  const unread = fleet.unread.map(({ file, text }): FoundFact => ({
    kind: "fleet-unread",
    where: file,
    found: text,
  }));
  return [...unread, ...tooOld(fleet, evidence), ...absent(fleet, evidence)];
}

function tooOld({ controllers }: FleetView, { mirror }: FleetEvidence): FoundFact[] {
  if (mirror === undefined || mirror.agents === 0 || mirror.hasTools) return [];
  const old = controllers.filter(
    ({ presumedVersion }) =>
      presumedVersion !== undefined && compareVersionTexts(presumedVersion, READS_AGENTS) < 0,
  );
  if (old.length === 0) return [];
  const names = nameSome(
    old.map(({ label, presumedVersion }) => `${label} (${presumedVersion ?? ""})`),
    8,
  );
  return [
    {
      kind: "client-too-old",
      where: "--fleet",
      found: `${names}: before 2.9, and this mirror lists nothing under :tools`,
    },
  ];
}

function absent({ controllers }: FleetView, { requests, hasLog }: FleetEvidence): FoundFact[] {
  if (!hasLog || requests.traffic.juju === 0) return [];
  return controllers.flatMap(({ label, addresses, isSilent }): FoundFact[] => {
    if (isSilent) return [];
    if (addresses === undefined || addresses.length === 0)
      return [
        {
          kind: "controller-not-told",
          where: "--fleet",
          controller: label,
          found: `the addresses of ${label} are not known`,
        },
      ];
    if (addresses.some((address) => requests.addresses.has(address))) return [];
    const found = `no request from ${nameSome(addresses, 5)}, the addresses of ${label} (${describeSpan(requests)})`;
    const isHidden = requests.isBehindProxy
      ? { severity: "unknown" as const, means: "requests come through something that hides who asks" }
      : bySpan(requests);
    return [{ kind: "controller-never-came", where: "--fleet", controller: label, found, ...isHidden }];
  });
}
