const TEMPORARY = /^\.tmp-/;

/** A name for something unfinished; whoever owns the folder removes what still has one after a crash. */
export function temporaryName(unique: string): string {
  return `.tmp-${unique}`;
}

/** True for what `temporaryName` makes. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}
