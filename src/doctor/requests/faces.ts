import type { ExaminedMirror } from "../examined-mirror.ts";

/** What an address below the server is. */
export type Face =
  | { readonly is: "mirror" | "signed" }
  | { readonly is: "channel"; readonly name: string; readonly state: "shown" | "empty" | "missing" }
  /** `/tools` once or more too often; `right` is what was meant. */
  | { readonly is: "doubled"; readonly right: string }
  | { readonly is: "wrong" };

/** `channels/` is what a web server on the data directory shows, `channel/` what jam serve does. */
const CHANNEL = /^\/channels?\/([^/]{1,200})\/tools$/;
const DOUBLED = /^(.*?\/tools)(?:\/tools)+$/;

/** What the base of a request names; `channels` is undefined where they could not be read. */
export function faceOf(base: string, channels: ExaminedMirror["channels"] | undefined): Face {
  if (base === "/tools") return { is: "mirror" };
  if (base === "/upstream/tools") return { is: "signed" };
  const [, name] = CHANNEL.exec(base) ?? [];
  if (name !== undefined) {
    const known = channels?.find((one) => one.name === name);
    if (channels === undefined || known?.isShown === true) return { is: "channel", name, state: "shown" };
    return { is: "channel", name, state: known === undefined ? "missing" : "empty" };
  }
  const [, right] = DOUBLED.exec(base.replaceAll(/\/{2,}/g, "/")) ?? [];
  return right === undefined ? { is: "wrong" } : { is: "doubled", right };
}
