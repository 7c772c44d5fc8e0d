import type { ExaminedMirror } from "../examined-mirror.ts";
import type { Sign } from "../fact-book.ts";
import type { FindingId } from "../finding-kinds.ts";
import type { LogRecord } from "../log/log-record.ts";
import type { RequestTarget } from "../log/request-target.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { faceOf } from "./faces.ts";

/**
 * What a request of another jam mirror or cache shows that has this one as its upstream. It is a client like Juju's, but never a
 * controller.
 */
export function signsOfMirror(
  { record, target }: { readonly record: LogRecord; readonly target: RequestTarget },
  mirror: Pick<ExaminedMirror, "channels"> | undefined,
): Sign[] {
  const { status, userAgent = "jam" } = record;
  const name = `another jam mirror (${userAgent.slice(0, 40)})`;
  if (status < 400) return [sign("other-mirror", userAgent, `${name} reads this one`)];
  const what = WHAT[target.what] ?? "metadata";
  const code = record.errorCode === undefined ? "" : ` (${record.errorCode})`;
  const next = nextOf(record, target, mirror);
  return [
    {
      ...sign(
        "other-mirror-failed",
        `${what} ${status} ${record.errorCode ?? ""} ${next ?? ""}`,
        `${name} got ${status}${code} for ${what}`,
      ),
      ...(next === undefined ? {} : { next }),
    },
  ];
}

const WHAT: Readonly<Partial<Record<RequestTarget["what"], string>>> = {
  index: "the index",
  "legacy-index": "the index",
  products: "a list of agents",
  tarball: "tarballs",
};

/** What to do, where the request says more than its kind. */
function nextOf(
  { status, errorCode }: LogRecord,
  { base, what, isSigned, version }: RequestTarget,
  mirror: Pick<ExaminedMirror, "channels"> | undefined,
): string | undefined {
  if (errorCode === "JAM_UPSTREAM_AWAY") return "jam check: upstream does not answer";
  if (errorCode === "JAM_STORE_CORRUPT") return "jam repair";
  if (errorCode === "JAM_FACE_INCOMPLETE")
    return "/upstream/tools answers only while everything that upstream lists is held: give that mirror the address that ends in /tools";
  if (status !== 404) return undefined;
  const face = faceOf(base, mirror?.channels);
  if (face.is === "doubled" || face.is === "wrong")
    return "correct the url of this upstream in the jam.yaml of that mirror: jam connect prints the address";
  if (face.is === "channel" && face.state === "missing")
    return "jam channel list: that channel does not exist";
  if (face.is === "channel" && face.state === "empty")
    return "jam channel promote: nothing was promoted to that channel yet";
  if (what === "tarball")
    return version === undefined ? "jam explain, with the version" : shellCommand`jam explain ${version}`;
  if (isSigned && face.is !== "signed")
    return "/tools is not signed: set `keyring: none` for this upstream in the jam.yaml of that mirror, or use /upstream/tools";
  return undefined;
}

function sign(kind: FindingId, about: string, found: string): Sign {
  return { kind, about, found };
}
