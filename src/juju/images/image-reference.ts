/**
 * Names of container images, as the library that Juju uses takes them.
 * Source: distribution/reference regexp.go, reference.go:Parse, normalize.go:ParseNormalizedNamed.
 */
const PATH_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const DOMAIN_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const DOMAIN = String.raw`${DOMAIN_PART}(?:\.${DOMAIN_PART})*(?::[0-9]+)?`;
const PATH = `${PATH_PART}(?:/${PATH_PART})*`;
const TAG = String.raw`[\w][\w.-]{0,127}`;
const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?${PATH}(?::${TAG})?$`);

const INVALID = "invalid reference format";
const UPPER_CASE = "repository name must be lowercase";

/** Longer names are refused before they are matched; Juju's library takes 255 characters. */
const MAX_CHARACTERS = 1024;

/** What is wrong with an image's name, in the library's words; undefined for a good one. */
export function faultOfReference(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return INVALID;
  if (REFERENCE.test(text)) return undefined;
  return REFERENCE.test(text.toLowerCase()) ? UPPER_CASE : INVALID;
}

/** The registry that a repository names: what stands before its first `/`; undefined when it names none. */
export function registryOf(repository: string): string | undefined {
  return repository.length > MAX_CHARACTERS ? undefined : REFERENCE.exec(repository)?.[1];
}

/**
 * The fault of a repository where Juju completes short names first (2.9.13 to 3.2).
 * @param namesPart whether the fault of upper case names the part, as newer versions of the library do
 */
export function faultOfNormalized(repository: string, namesPart: boolean): string | undefined {
  const fault = faultOfReference(repository);
  if (fault !== UPPER_CASE) return fault;
  const registry = /^([^/]*[.:][^/]*|localhost)\//.exec(repository)?.[1];
  const path = registry === undefined ? repository : repository.slice(registry.length + 1);
  return namesPart ? `${INVALID}: repository name (${path}) must be lowercase` : `${INVALID}: ${UPPER_CASE}`;
}
