import type { DocumentStore } from "../../src/store/store.ts";

/** Documents in memory, of one kind, as text by name. */
export function documentsOf(files: Record<string, string> = {}) {
  const texts = new Map(Object.entries(files));
  const documents: DocumentStore = {
    get: async (_kind, name) => {
      const text = texts.get(name);
      return text === undefined ? undefined : Buffer.from(text);
    },
    put: async (_kind, name, bytes) => void texts.set(name, Buffer.from(bytes).toString("utf8")),
    delete: async (_kind, name) => void texts.delete(name),
    list: async () => [...texts.keys()].sort(),
  };
  return { documents, texts };
}
