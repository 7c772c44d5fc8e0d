import { defineCreate } from "./bundle/create.ts";
import { defineImport } from "./bundle/import.ts";
import { defineInspect } from "./bundle/inspect.ts";
import { defineJoin } from "./bundle/join.ts";
import { defineReceipt } from "./bundle/receipt.ts";
import { defineRepairSet } from "./bundle/repair-set.ts";
import { defineSplit } from "./bundle/split.ts";
import { defineVerify } from "./bundle/verify.ts";
import type { DefineCommand } from "../command.ts";

export const define: DefineCommand = (command, run) => {
  command.addHelpText(
    "after",
    `
A bundle is one tar archive, or several of an exact size, with everything in it signed and hashed.

The way over the gap:
  jam key generate                              once on each side; exchange the public keys (jam key export, jam key trust)
  jam bundle create --to /media/stick/          on this side
  jam bundle import /media/stick/               on the far side
  jam bundle receipt --to /media/stick/far.receipt
  jam site update /media/stick/far.receipt      back on this side; then, next time:
  jam bundle create --site far --to /media/stick/next/`,
  );
  defineCreate(command, run);
  defineImport(command, run);
  defineInspect(command, run);
  defineVerify(command, run);
  defineRepairSet(command, run);
  defineSplit(command, run);
  defineJoin(command, run);
  defineReceipt(command, run);
};
