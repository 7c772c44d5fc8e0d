import type { ExpectedRef } from "../mirror/expected-ref.ts";
import { isJamError } from "../shared/errors.ts";
import { parseRefName } from "../shared/ref-name.ts";
import { listHistories, readHistory } from "./history.ts";
import type { ChannelReader } from "./list-channels.ts";
import { standingOf } from "./standing.ts";

/** What every channel has to show, by its history. One whose history is damaged is left out: that is found by itself. */
export async function readExpectedRefs(store: ChannelReader): Promise<readonly ExpectedRef[]> {
  const expected: ExpectedRef[] = [];
  for (const word of await listHistories(store.documents)) {
    try {
      const name = parseRefName(word);
      const { shown, withdrawn, earlier } = standingOf(await readHistory(store, name));
      if (shown === undefined) continue;
      expected.push({ name, snapshot: shown, withdrawn: new Set(withdrawn.keys()), rollbacks: earlier });
    } catch (error) {
      if (!isJamError(error)) throw error;
    }
  }
  return expected;
}
