/** True when `format` (`jam-pins:2`) names a later version of the same document as `known` (`jam-pins:1`). */
export function isNewerFormat(format: unknown, known: string): format is string {
  const [kind, version] = known.split(":");
  const found = typeof format === "string" ? /^(.+):(\d{1,6})$/.exec(format) : null;
  return found?.[1] === kind && Number(found?.[2]) > Number(version);
}
