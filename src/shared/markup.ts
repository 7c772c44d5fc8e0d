import { printable, printableLines } from "./printable.ts";

/** Text as HTML shows it, in content and in quoted attributes; what does not print is escaped visibly. */
export function htmlText(text: string): string {
  return printableLines(text).replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Text as one line of Markdown shows it: nothing in it is markup or HTML, and it stays within a table's cell. */
export function markdownText(text: string): string {
  return printable(text, Infinity).replaceAll(/[\\`*_~<>[\]|&#$!]/g, (sign) => `\\${sign}`);
}

/** Text as Markdown shows code within a line. */
export function markdownCode(text: string): string {
  const shown = printable(text, Infinity);
  let longest = 0;
  for (const [ticks] of shown.matchAll(/`+/g)) longest = Math.max(longest, ticks.length);
  const fence = "`".repeat(longest + 1);
  // CommonMark takes off one blank at each end, where both are there.
  const pad = /^`|`$|^ .*[^ ].* $/.test(shown) ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** An http(s) address as an autolink of Markdown; what no address contains is encoded, so that it cannot end there. */
export function markdownLink(address: string): string {
  if (!/^https?:\/\//.test(address)) return markdownText(address);
  return `<${address.toWellFormed().replaceAll(NOT_IN_ADDRESS, encodeURIComponent)}>`;
}

/** Source: RFC 3986 §2. */
const NOT_IN_ADDRESS = /[^\w.~:/?#[\]@!$&'()*+,;=%-]/gu;
