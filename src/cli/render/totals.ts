import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";

/** How much a list, a run or a mirror has. */
export interface Totals {
  readonly agents: number;
  /** Distinct tarballs: several agents often share one. Absent where only the agents were counted. */
  readonly tarballs?: number | undefined;
  /** Of the distinct tarballs. */
  readonly bytes: number;
}

/** `60 agents, 16 tarballs, 482.8 KiB`. */
export function formatTotals({ agents, tarballs, bytes }: Totals): string {
  const files = tarballs === undefined ? [] : [formatCount(tarballs, "tarball")];
  return [formatCount(agents, "agent"), ...files, formatByteSize(bytes)].join(", ");
}
