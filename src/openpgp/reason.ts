/** What OpenPGP says is wrong, as the end of a sentence of ours. */
export function reasonOf(cause: unknown): string {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const reason = first instanceof Error ? first.message : String(first);
  return reason.replace(/^Error verifying signed message: /, "");
}
