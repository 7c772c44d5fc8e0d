import { nearest } from "../../shared/nearest.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import type { ExaminedMirror } from "../examined-mirror.ts";
import type { Sign } from "../fact-book.ts";
import type { FindingId } from "../finding-kinds.ts";
import type { LogRecord } from "../log/log-record.ts";
import { isAbsoluteTarget, type RequestTarget } from "../log/request-target.ts";
import type { Sender } from "./client.ts";
import { damageSign } from "./damage-sign.ts";
import { faceOf, type Face } from "./faces.ts";

/** A request with what is known of it. */
export interface SeenRequest {
  readonly record: LogRecord;
  readonly target: RequestTarget | undefined;
  readonly sender: Sender;
}

/** A TLS greeting, as servers of plain HTTP log it: bytes escaped by nginx, Apache or JSON. */
const TLS_GREETING = ["\\x16\\x03", "\u0016\u0003", "\\u0016\\u0003"];

/** Everything that this request shows. `mirror` is undefined where the store could not be read. */
export function signsOf(request: SeenRequest, mirror: ExaminedMirror | undefined): Sign[] {
  return [...signsOfTransport(request), ...signsOfAnswer(request, mirror), ...signsOfPlace(request, mirror)];
}

function signsOfTransport({ record, target, sender }: SeenRequest): Sign[] {
  const { method, via, forwardedFor, protocol, status, remote } = record;
  if (TLS_GREETING.some((greeting) => record.target.startsWith(greeting))) {
    return [sign("tls-mixed", remote, `TLS from ${remote} to a port that speaks plain HTTP`)];
  }
  if (method === "CONNECT" || isAbsoluteTarget(record.target)) {
    const found = `${remote} takes this server for an HTTP proxy (${method} ${record.target.slice(0, 100)})`;
    return [
      {
        ...sign("proxy-forward", `as proxy ${remote}`, found),
        next: "correct http-proxy, https-proxy and juju-http-proxy of that model: they name this server",
      },
    ];
  }
  if (target === undefined) return [];
  const signs: Sign[] = [];
  if (via !== undefined)
    signs.push(sign("proxy-forward", via, `requests come through a proxy: Via: ${via.slice(0, 100)}`));
  else if (forwardedFor !== undefined)
    signs.push(sign("proxy-reverse", remote, `${remote} passes requests on for others (X-Forwarded-For)`));
  else if (protocol === "HTTP/1.0" && sender !== "other")
    signs.push(
      sign("proxy-reverse", remote, `requests from ${remote} come with HTTP/1.0, which Juju does not speak`),
    );
  if (sender === "juju" && status === 304)
    signs.push(
      sign("proxy-cache", remote, `${remote} asks whether something changed (304), which Juju never does`),
    );
  if (sender === "other") {
    const name = program(record);
    signs.push(sign("not-juju", name, `requests of ${name}`));
  }
  return signs;
}

function program({ userAgent = "", method }: LogRecord): string {
  const name = /^[^\s/;()]{1,40}/.exec(userAgent)?.[0] ?? "a program without a name";
  return method === "GET" ? name : `${name} (${method})`;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function signsOfAnswer({ record, target }: SeenRequest, mirror: ExaminedMirror | undefined): Sign[] {
  const { status, errorCode } = record;
  if (target === undefined) return [];
  if (target.what === "tarball" && errorCode === "JAM_STORE_CORRUPT")
    return [damageSign(target.path, `${target.path} was asked for while it was damaged`, mirror)];
  const what = target.what === "tarball" ? "tarballs" : "metadata";
  if (errorCode === "JAM_FACE_INCOMPLETE")
    return [sign("signed-face-incomplete", "", "clients ask for /upstream/tools, which is not complete")];
  if (status >= 500) {
    const code = errorCode === undefined ? "" : ` (${errorCode})`;
    return [
      {
        ...sign(
          "server-error",
          `${what} ${status} ${errorCode ?? ""}`,
          `${what} answered with ${status}${code}`,
        ),
        ...(errorCode === "JAM_STORE_CORRUPT" ? { next: "jam repair" } : {}),
        ...(errorCode === "JAM_UPSTREAM_AWAY" ? { next: "jam check: upstream does not answer" } : {}),
        ...(errorCode === "JAM_SERVER_BUSY"
          ? { next: "raise server.connections in jam.yaml, or look who opens so many" }
          : {}),
      },
    ];
  }
  if (status === 401 || status === 403 || status === 407)
    return [sign("request-refused", `${what} ${status}`, `${what} answered with ${status}`)];
  if (REDIRECTS.has(status))
    return [sign("redirected", `${what} ${status}`, `${what} answered with ${status}`)];
  return [];
}

function signsOfPlace({ record, target }: SeenRequest, mirror: ExaminedMirror | undefined): Sign[] {
  const { status } = record;
  // What an operator tries by hand with curl is a hint as well; what is answered needs none.
  if (target === undefined || record.method !== "GET" || status !== 404) return [];
  const face = faceOf(target.base, mirror?.channels);
  const shown = target.base === "" ? "/" : target.base.slice(0, 200);
  if (face.is === "doubled")
    return [
      {
        ...sign("address-doubled", target.base, `clients ask below ${shown}`),
        next: `set agent-metadata-url to the address that ends in ${face.right}: jam connect`,
      },
    ];
  if (face.is === "wrong")
    return [sign("address-wrong", target.base, `clients ask below ${shown}, where nothing is`)];
  if (face.is === "channel" && face.state !== "shown") return [channelSign(face, mirror)];
  if (target.what === "tarball") return [notHeld(target, face, mirror)];
  if (target.what === "index" && !target.isSigned && face.is !== "signed")
    return [sign("index-missing", target.base, `${shown}/streams/v1/index2.json answered with 404`)];
  return [];
}

function channelSign(
  { name, state }: { readonly name: string; readonly state: "empty" | "missing" | "shown" },
  mirror: ExaminedMirror | undefined,
): Sign {
  if (state === "empty")
    return {
      ...sign("channel-empty", name, `clients ask for channel ${name}, to which nothing was promoted`),
      channel: name,
    };
  const near = nearest(name, mirror?.channels.map((one) => one.name) ?? []);
  const hint = near === undefined ? "" : `; the nearest name is ${near}`;
  return {
    ...sign("channel-missing", name, `clients ask for channel ${name}, which does not exist${hint}`),
    channel: name,
  };
}

function notHeld(
  { path, version, arch }: RequestTarget,
  face: Face,
  mirror: ExaminedMirror | undefined,
): Sign {
  const name = version === undefined ? path : `${version} for ${arch ?? "an unknown architecture"}`;
  const channel = face.is === "channel" ? face.name : undefined;
  const about = { version, arch, channel };
  const key = `${version ?? path} ${arch ?? ""} ${channel ?? ""}`;
  const listed =
    channel === undefined ? mirror?.paths : mirror?.channels.find((one) => one.name === channel)?.paths;
  if (listed?.has(path) === true)
    return {
      ...sign("agent-not-held", key, `${name} was asked for and was not here then; it is now`),
      ...about,
      severity: "note",
      next: "nothing: the next request finds it",
    };
  if (channel === undefined)
    return { ...sign("agent-not-held", key, `${name} was asked for and is not here`), ...about };
  const isInMirror = mirror?.paths.has(path) === true;
  return {
    ...sign("agent-not-held", key, `${name} was asked for in channel ${channel}, which does not list it`),
    ...about,
    ...(isInMirror ? { next: shellCommand`jam channel diff ${channel}` } : {}),
  };
}

function sign(kind: FindingId, about: string, found: string): Sign {
  return { kind, about, found };
}
