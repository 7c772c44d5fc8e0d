import type { ReadExpectedRefs } from "../mirror/expected-ref.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import type { Store } from "../store/store.ts";
import type { SettingsUnderTest } from "./check-settings.ts";
import type { OpenTrust } from "./trust.ts";

/** What verifying works with. */
export interface VerifyWork {
  readonly store: Store;
  readonly settings: SettingsUnderTest;
  readonly openTrust: OpenTrust;
  /** What channels have to show. */
  readonly readExpected: ReadExpectedRefs;
  /** Channels that show something, and whose history is gone. */
  readonly findLostHistories: () => Promise<readonly { readonly shown: string; readonly file: string }[]>;
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}
