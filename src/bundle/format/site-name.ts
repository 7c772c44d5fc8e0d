import { z } from "zod";

/** Name of a far side, as the setting `site` has it: good as a part of a file name everywhere. */
export const siteName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "expected up to 63 of a-z, 0-9, dots, dashes or underscores");
