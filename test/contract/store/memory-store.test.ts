import { openMemoryStore } from "../../helpers/memory-store/memory-store.ts";
import { MemoryPlace } from "../../helpers/memory-store/place.ts";
import { describeArriving } from "./arriving-contract.ts";
import { describeStaging } from "./staging-contract.ts";
import { describeStore } from "./store-contract.ts";

const DRIVER = "memory store:";

async function open() {
  const place = new MemoryPlace();
  return {
    ...openMemoryStore(place),
    reopen: async () => openMemoryStore(place),
    takeLeaseAway: async () => place.takeLeaseAway(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

describeStore(DRIVER, open, { hasTrees: false, hasSpace: false, hasPositions: false });
describeStaging(DRIVER, open);
describeArriving(DRIVER, open, { hasArriving: false });
