/** One request as a log tells it, whatever wrote the log. */
export interface LogRecord {
  /** Milliseconds since 1970; undefined where the line has no time that can be read. */
  readonly at: number | undefined;
  readonly remote: string;
  readonly method: string;
  /** As it was requested, with its query. */
  readonly target: string;
  readonly status: number;
  /** Of the answer, without its headers where the log says so; undefined where the log has none. */
  readonly bytes: number | undefined;
  /** Undefined where the log has none. */
  readonly userAgent: string | undefined;
  /** `HTTP/1.1`; undefined where the log has none. */
  readonly protocol?: string | undefined;
  readonly isAborted?: boolean;
  readonly via?: string | undefined;
  readonly forwardedFor?: string | undefined;
  /** Code of the error that jam answered. */
  readonly errorCode?: string | undefined;
}

/** What a line of a log is: a request; a report of trouble; another line that belongs there. Undefined: none of these. */
export type LogLine =
  | { readonly request: LogRecord }
  | { readonly trouble: string; readonly at: number | undefined; readonly isDamage?: boolean }
  | { readonly other: true };

/** Reads the lines of one format. */
export type ReadLogLine = (text: string) => LogLine | undefined;
