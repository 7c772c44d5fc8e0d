/** One import, export-from or `import()` of a source text. */
export interface ScannedImport {
  readonly specifier: string;
  /** Starts at 1. */
  readonly line: number;
  /** True when nothing of it is left at run time. */
  readonly isTypeOnly: boolean;
}

/** Stands for the specifier of an `import(…)` whose argument is no plain text. */
export const COMPUTED = "(computed)";

const STATIC =
  /^(?:import|export)(?<type>\s+type\b)?(?:[^;'"`()]*?\bfrom)?\s*(?<quote>["'])(?<specifier>[^"'\n]+)\k<quote>/gm;
const DYNAMIC = /(?<typeof>\btypeof\s+)?\bimport\(\s*(?:(?<quote>["'])(?<specifier>[^"'\n]+)\k<quote>)?/g;

/**
 * Every module that a source text names. Relies on the formatter for one thing: a static import or export
 * begins at the start of its line.
 */
export function scanImports(text: string): ScannedImport[] {
  const code = blankComments(text);
  const found = (match: RegExpMatchArray, isTypeOnly: boolean): ScannedImport => ({
    specifier: match.groups?.["specifier"] ?? COMPUTED,
    line: code.slice(0, match.index).split("\n").length,
    isTypeOnly,
  });
  return [
    ...code.matchAll(STATIC).map((match) => found(match, match.groups?.["type"] !== undefined)),
    ...code.matchAll(DYNAMIC).map((match) => found(match, match.groups?.["typeof"] !== undefined)),
  ].sort((a, b) => a.line - b.line);
}

const LEXEME =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=(?:^|[(,=:[!&|?{};]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//gm;

/**
 * The text with comments and template texts blanked out, line breaks kept, so that what they quote is not taken
 * for an import. Strings stay; regular expressions are read as a whole because they may hold quotes.
 */
function blankComments(text: string): string {
  return text.replaceAll(LEXEME, (lexeme) => {
    const isBlank = lexeme.startsWith("//") || lexeme.startsWith("/*") || lexeme.startsWith("`");
    return isBlank ? lexeme.replaceAll(/[^\n]/g, " ") : lexeme;
  });
}
