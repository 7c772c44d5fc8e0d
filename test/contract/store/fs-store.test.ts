import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore(
  "filesystem store:",
  async () => {
    const store = await temporaryStore();
    return {
      ...store,
      reopen: () => openFsStore(store.path),
      takeLeaseAway: () => rm(join(store.path, "lock.db")),
    };
  },
  { hasTrees: true, hasSpace: true, hasPositions: true },
);
