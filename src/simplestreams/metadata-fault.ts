import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";

/** A place in a document: the keys from the top down. */
export type JsonPath = readonly (string | number)[];

/** Characters of one key of a path; a document may repeat a key of megabytes at every place below it. */
const MAX_KEY_CHARACTERS = 200;

/** `products/com.ubuntu.juju:ubuntu:amd64/versions/20250410`; overlong keys are cut. */
export function formatJsonPath(path: JsonPath): string {
  return path
    .map((key) =>
      typeof key === "string" && key.length > MAX_KEY_CHARACTERS
        ? `${key.slice(0, MAX_KEY_CHARACTERS).toWellFormed()}…`
        : key,
    )
    .join("/");
}

/** `JAM_METADATA_MALFORMED` for one place of one document. */
export function malformed(file: string, path: JsonPath, what: string, cause?: unknown): JamError {
  const place = path.length === 0 ? file : `${file}#${printable(formatJsonPath(path), 400)}`;
  return new JamError("JAM_METADATA_MALFORMED", `${place}: ${what}`, {
    cause,
    details: { file, path: formatJsonPath(path) },
    hint: "Nothing of this document was used. Compare it with the upstream's own copy, and report it to its publisher.",
  });
}

/** `JAM_METADATA_TOO_LARGE` for one document. */
export function tooLarge(file: string, what: string, details: Readonly<Record<string, unknown>>): JamError {
  return new JamError("JAM_METADATA_TOO_LARGE", `${file}: ${what}`, {
    details: { file, ...details },
    hint: "Juju metadata is never this large: check the upstream's URL.",
  });
}

/** `JAM_UPSTREAM_NOT_SIMPLESTREAMS`: the answer is something else, such as a login page. */
export function notSimplestreams(file: string, text: string): JamError {
  const start = text.trimStart().slice(0, 60);
  const what = start === "" ? "is empty" : `starts with "${printable(start, 60)}"`;
  return new JamError(
    "JAM_UPSTREAM_NOT_SIMPLESTREAMS",
    `${file} is not a simplestreams document: it ${what}.`,
    {
      details: { file, start },
      hint: "Open the URL in a browser: a proxy, a login page or a wrong base URL may be answering in its place.",
    },
  );
}
