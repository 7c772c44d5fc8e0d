import { JamError } from "../../shared/errors.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { readDocuments } from "./read-documents.ts";

/** A text that an operator handed in, and the name to call it by in messages. */
export interface NamedText {
  /** File name, or `standard input`. */
  readonly name: string;
  readonly text: string;
}

/** What kind of file was expected, for the messages about one that is not. */
export interface Expectation {
  readonly code: ErrorCode;
  /** `plan`: one is expected. */
  readonly what: string;
  /** The next step, as a full sentence. */
  readonly hint: string;
}

/**
 * The one JSON or YAML value of a text.
 * @throws JamError with the expected code, naming file, line and column, whether the text is cut off, and how many
 *   documents there are when there are several
 */
export function readDocument({ name, text }: NamedText, { code, what, hint }: Expectation): unknown {
  const refused = (why: string) => new JamError(code, `${name} ${why}.`, { hint, details: { file: name } });
  if (text.replace(/^\u{feff}/u, "").trim() === "") throw refused("is empty");
  const { documents, fault } = readDocuments(text.replace(/^\u{feff}/u, ""));
  if (fault !== undefined) throw refused(fault.what);
  if (documents.length > 1) throw refused(`holds ${documents.length} documents; one ${what} is expected`);
  return documents[0];
}
