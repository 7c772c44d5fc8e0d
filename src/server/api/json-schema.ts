import { z } from "zod";
import { elementOf } from "../../upgrade/list-of.ts";

/** JSON Schema (draft 2020-12) of an answer, to stand inside another document. */
export function jsonSchemaOf(schema: z.ZodType): object {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io: "output",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      // Later versions of jam may add fields.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      const element = elementOf(zodSchema);
      if (element !== undefined) Object.assign(jsonSchema, { type: "array", items: jsonSchemaOf(element) });
    },
  });
  return json;
}
