import { defineCreate } from "../bundle/create.ts";
import { defineImport } from "../bundle/import.ts";
import { defineReceipt } from "../bundle/receipt.ts";
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
  defineReceipt(command, run);
};
