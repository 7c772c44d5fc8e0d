import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { pathFault } from "../simplestreams/item-path.ts";

/**
 * Refuses a path that could leave the base of a source, whoever checked it before.
 * @throws JamError JAM_ITEM_REFUSED
 */
export function requireSafePath(path: string): void {
  const fault = pathFault(path);
  if (fault === undefined) return;
  throw new JamError("JAM_ITEM_REFUSED", `"${printable(path)}": ${fault}`, {
    hint: "The upstream's metadata is damaged or hostile: tell its publisher, and do not use it until it is mended.",
    details: { path },
  });
}

/**
 * The URL of `path` under `base`; credentials and query of the base stay.
 * @throws JamError JAM_ITEM_REFUSED
 */
export function resolveUnder(base: URL, path: string): URL {
  requireSafePath(path);
  const url = new URL(base);
  const { pathname } = base;
  let end = pathname.length;
  while (pathname[end - 1] === "/") end -= 1;
  // Set as a path and not resolved as a reference: `com.ubuntu.juju:released:tools.json` would read as a scheme.
  url.pathname = `${pathname.slice(0, end)}/${path}`;
  return url;
}
