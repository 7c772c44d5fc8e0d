/** The cache server as a writer. There is one, so it recognises itself by this name. */
export const CACHE_WRITER = {
  /** The command name shown to others that want to write meanwhile. */
  command: "jam serve",
  onNote: () => undefined,
} as const;
