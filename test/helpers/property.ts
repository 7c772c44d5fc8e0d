/** fast-check's `fc` and `test`, with the number of runs of this tier for properties that do not give one. */
import { fc } from "@fast-check/vitest";
import { runs } from "./tier.ts";

export { fc, test } from "@fast-check/vitest";

fc.configureGlobal({ ...fc.readConfigureGlobal(), ...runs(100) });
