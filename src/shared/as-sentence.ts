/** The text with a full stop: causes that the system words, such as a refused connection, end without one. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
