import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";

/** The store as the readers of a channel see it: what the mirror's ref shows is what this one does. For reading only. */
export function throughRef<T extends { readonly refs: Pick<Store["refs"], "read"> }>(
  store: T,
  ref: RefName,
): T {
  const read = (name: string) => store.refs.read(name === MIRROR_REF ? ref : name);
  return { ...store, refs: { ...store.refs, read } };
}
