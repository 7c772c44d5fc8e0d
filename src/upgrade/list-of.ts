import { z } from "zod";

/** More rows than any document of this field has. */
const MAX_ROWS = 100_000;

/**
 * A list of bounded length whose first fault ends the check. `z.array` looks at every element and keeps a note on each
 * fault, however many there are: millions of them fit into one document.
 */
export function listOf<T extends z.ZodType>(
  element: T,
  { min = 0, max = MAX_ROWS }: { min?: number; max?: number } = {},
) {
  const list = z.unknown().transform((value, context): z.output<T>[] => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      context.addIssue(`expected a list of ${min} to ${max}`);
      return z.NEVER;
    }
    const items: z.output<T>[] = [];
    for (const [index, item] of value.entries()) {
      const result = element.safeParse(item);
      if (!result.success) {
        const [issue] = result.error.issues;
        context.addIssue({
          code: "custom",
          message: issue?.message ?? "",
          path: [index, ...(issue?.path ?? [])],
        });
        return z.NEVER;
      }
      items.push(result.data);
    }
    return items;
  });
  elements.set(list, element);
  return list;
}

const elements = new WeakMap<object, z.ZodType>();

/** The schema of the elements of a list that `listOf` made: a transform does not tell it to JSON Schema. */
export function elementOf(list: object): z.ZodType | undefined {
  return elements.get(list);
}
