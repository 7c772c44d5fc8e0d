/** The largest metadata document, listing or manifest that is read, in bytes or characters. Juju's are up to 5 MiB. */
export const MAX_DOCUMENT_BYTES = 32 * 2 ** 20;

/** The largest file of public keys that is read, in bytes. */
export const MAX_KEYRING_BYTES = 4 * 2 ** 20;

/** Bytes that are read from a file at once: few system calls, and little memory for several files. */
export const READ_BYTES = 2 ** 20;

/** Volumes that a bundle may have, and archives that are read in a folder. */
export const MAX_VOLUMES = 10_000;

/** The name of a site: usable as a part of a file name everywhere. */
export const SITE_NAME = {
  pattern: /^[a-z0-9][a-z0-9._-]{0,62}$/,
  expected: "expected up to 63 of a-z, 0-9, dots, dashes or underscores",
} as const;
