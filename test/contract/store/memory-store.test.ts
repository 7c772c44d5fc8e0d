import { openMemoryStore } from "../../helpers/memory-store/memory-store.ts";
import { MemoryPlace } from "../../helpers/memory-store/place.ts";
import { describeStore } from "./store-contract.ts";

describeStore(
  "memory store:",
  async () => {
    const place = new MemoryPlace();
    return {
      ...openMemoryStore(place),
      reopen: async () => openMemoryStore(place),
      takeLeaseAway: async () => place.takeLeaseAway(),
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
  { hasTrees: false, hasSpace: false, hasPositions: false },
);
