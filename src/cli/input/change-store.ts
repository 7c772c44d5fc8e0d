import { asWriter } from "../../mirror/as-writer.ts";
import type { Store } from "../../store/store.ts";
import type { CommandContext } from "../command.ts";

/**
 * Runs a change of the store with the writer's lease held.
 * @param command as others are told who writes: `jam snapshot pin`
 * @throws JamError JAM_STORE_LOCKED, JAM_STORE_…
 */
export async function changeStore<T>(
  context: CommandContext,
  command: string,
  act: (store: Store) => Promise<T>,
): Promise<T> {
  const { openStore } = await import("../../compose/store.ts");
  const store = await openStore(await context.config());
  const onNote = (note: string) => context.output.warn(`warning: ${note}`);
  return asWriter(store, { command, onNote, signal: context.signal }, () => act(store));
}
