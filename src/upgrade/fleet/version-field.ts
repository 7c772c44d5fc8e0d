import { z } from "zod";
import { printable } from "../../shared/printable.ts";
import { isVersion } from "../../juju/version.ts";

/** A field that holds an agent version as Juju prints it. */
export const agentVersion = z.string().superRefine((value, context) => {
  if (isVersion(value)) return;
  context.addIssue({
    code: "custom",
    message: `"${printable(value, 60)}" is no Juju version such as 3.6.5 or 2.9-rc3`,
  });
});
