import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore("filesystem store:", async () => {
  const store = await temporaryStore();
  return { ...store, reopen: () => openFsStore(store.path) };
});
