import { JamError } from "../shared/errors.ts";

/** A mirror's address as Juju has it. */
export interface MirrorUrl {
  /** Value of agent-metadata-url, without a slash at the end. */
  readonly url: string;
  readonly host: string;
  readonly isLoopback: boolean;
}

/**
 * A mirror's address as Juju wants it. An address without a path gets `/tools`, where `jam serve` answers.
 * `field` is where the text was given.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseMirrorUrl(text: string, field = "--url"): MirrorUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw invalidUrl(text, field, "is not an http or https URL");
  }
  // Juju joins paths by plain text, so a query would end up in the middle.
  if (url.search !== "" || url.hash !== "")
    throw invalidUrl(text, field, "has a query or a fragment, which Juju cannot use");
  // It goes into lists of hosts as well, where a comma would start another one.
  if (!/^(?:[\w.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname) || url.hostname.startsWith("-"))
    throw invalidUrl(text, field, "has no valid host name");
  const path = url.pathname.replace(/\/+$/, "");
  const credentials =
    url.username === "" ? "" : `${url.username}${url.password === "" ? "" : `:${url.password}`}@`;
  return {
    url: `${url.protocol}//${credentials}${url.host}${path === "" ? "/tools" : path}`.replaceAll("'", "%27"),
    host: url.hostname,
    isLoopback: /^(?:127\.|localhost$|\[::1\]$|0\.0\.0\.0$)/.test(url.hostname),
  };
}

function invalidUrl(text: string, field: string, what: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${field}: "${text}" ${what}.`, {
    hint: "Give the mirror's address as the controllers see it, such as http://mirror.example:8080/tools.",
    details: { value: text },
  });
}
