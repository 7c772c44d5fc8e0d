/** One line of what Juju says. */
export interface JujuLine {
  readonly level: "TRACE" | "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL" | undefined;
  /** Milliseconds since 1970, where the line has a date; its time zone is not always in it. */
  readonly at: number | undefined;
  readonly message: string;
}

const LEVEL = "(TRACE|DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)";

/**
 * A line of a log: `machine-0: 2026-11-30 03:00:00 ERROR juju.worker.x file.go:12 message` (juju debug-log), without the
 * agent before it (log files of agents, `--debug` of the client), or with the level before the module only.
 * Source: juju cmd/juju/commands/debuglog.go; loggo formatter.go
 */
const LOGGED = new RegExp(
  String.raw`^(?:\S{1,200}: )?(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d:\d\d:\d\d)(?:\.\d+)?(Z)? ${LEVEL} (?:\S{1,200} )?`,
);

/** What a juju command prints when it fails: `ERROR message`. Source: juju/cmd cmd.go */
const PRINTED = new RegExp(`^${LEVEL}:? `);

/** Colours, as `juju debug-log --color` writes them. */
const COLOURS = new RegExp(String.raw`\x1b\[[\d;]{0,20}m`, "g");

/** True for a line that a log of Juju has, or that a failed command prints. */
export function isJujuLine(text: string): boolean {
  const plain = text.replaceAll(COLOURS, "");
  return LOGGED.test(plain) || plain.startsWith("ERROR ");
}

/** The line taken apart; a line of another form is a message without level. */
export function readJujuLine(text: string): JujuLine {
  const plain = text.replaceAll(COLOURS, "");
  const logged = LOGGED.exec(plain);
  if (logged !== null) {
    const [whole, date, time, , level] = logged;
    const at = date === undefined ? Number.NaN : Date.parse(`${date}T${time ?? ""}Z`);
    return {
      level: levelOf(level),
      at: Number.isNaN(at) ? undefined : at,
      message: plain.slice(whole.length).replace(/^[\w.-]{1,100}\.go:\d{1,6} /, ""),
    };
  }
  const printed = PRINTED.exec(plain);
  if (printed === null) return { level: undefined, at: undefined, message: plain.trim() };
  return { level: levelOf(printed[1]), at: undefined, message: plain.slice(printed[0].length).trim() };
}

function levelOf(word: string | undefined): JujuLine["level"] {
  return (word === "WARN" ? "WARNING" : word) as JujuLine["level"];
}
