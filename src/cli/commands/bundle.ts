import { defineCreate } from "./bundle/create.ts";
import { defineImport } from "./bundle/import.ts";
import { defineInspect } from "./bundle/inspect.ts";
import { defineJoin, defineSplit } from "./bundle/divide.ts";
import { defineReceipt } from "./bundle/receipt.ts";
import { defineRepair } from "./bundle/repair.ts";
import { defineVerify } from "./bundle/verify.ts";
import { JamError } from "../../shared/errors.ts";
import type { DefineCommand } from "../command.ts";

export const define: DefineCommand = (command, run) => {
  command.addHelpText(
    "after",
    `
A bundle is one tar archive, or several of an exact size. Everything in it is signed and hashed.

The near side is the mirror that syncs from upstream and makes bundles. The far side is a mirror without a connection,
which imports them.

  jam key generate                              once on each side; exchange the public keys (jam key export, jam key trust)
  jam bundle create --to /media/stick/          on the near side
  jam bundle import /media/stick/               on the far side
  jam bundle receipt --to /media/stick/far.receipt
  jam site update /media/stick/far.receipt      back on the near side; then, next time:
  jam bundle create --site far --to /media/stick/next/`,
  );
  defineCreate(command, run);
  defineImport(command, run);
  defineInspect(command, run);
  defineVerify(command, run);
  defineRepair(command, run);
  defineSplit(command, run);
  defineJoin(command, run);
  defineReceipt(command, run);
  command.command("repair-set [args...]", { hidden: true }).allowUnknownOption().action(refuseOldName);
};

/** `jam bundle repair` had another name before 1.0. */
function refuseOldName(): never {
  throw new JamError("JAM_USAGE_INVALID", "`jam bundle repair-set` is now called `jam bundle repair`.", {
    hint: "Run `jam bundle repair` with the same arguments.",
  });
}
