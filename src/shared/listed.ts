/** Rows that one list of a report, an error or an answer has at most; further ones are counted. */
export const MAX_LISTED = 1_000;

/** How many rows each list of a document left out, by the list's name; absent where nothing was. */
export interface Omitting<Name extends string = string> {
  readonly omitted?: Readonly<Partial<Record<Name, number>>>;
}

type Lists<Name extends string> = Omitting<Name> & Readonly<Partial<Record<Name, unknown>>>;

/** The document with these lists cut to their first rows, and in `omitted` how many each of them left out. */
export function cutLists<Name extends string, T extends Lists<Name>>(
  document: T,
  names: readonly Name[],
  maxRows = MAX_LISTED,
): T {
  const cut: Partial<Record<Name, unknown>> = {};
  const omitted: Partial<Record<Name, number>> = { ...document.omitted };
  for (const name of names) {
    const rows = document[name];
    if (!Array.isArray(rows) || rows.length <= maxRows) continue;
    cut[name] = rows.slice(0, maxRows);
    omitted[name] = countRows(document, name) - maxRows;
  }
  return Object.keys(cut).length === 0 ? document : { ...document, ...cut, omitted };
}

/** `1 agent`, `3 agents`. */
export function formatCount(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** How many rows a list of the document has, those that it left out included. */
export function countRows<Name extends string>(document: Lists<Name>, name: Name): number {
  const rows = document[name];
  return (Array.isArray(rows) ? rows.length : 0) + (document.omitted?.[name] ?? 0);
}

/** `3.6.1, 3.6.2 and 4 more`. */
export function nameSome(names: readonly string[], max: number): string {
  return names.length > max
    ? `${names.slice(0, max).join(", ")} and ${names.length - max} more`
    : names.join(", ");
}
