import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { describeArriving } from "./arriving-contract.ts";
import { describeStaging } from "./staging-contract.ts";
import { describeStore } from "./store-contract.ts";

const DRIVER = "filesystem store:";

async function open() {
  const store = await temporaryStore();
  return {
    ...store,
    reopen: () => openFsStore(store.path),
    takeLeaseAway: () => rm(join(store.path, "lock.db")),
  };
}

describeStore(DRIVER, open, { hasTrees: true, hasSpace: true, hasPositions: true });
describeStaging(DRIVER, open);
describeArriving(DRIVER, open, { hasArriving: true });
