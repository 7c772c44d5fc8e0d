/**
 * What peers hash with. Not `sha256sum`: where coreutils was built without a library it does not use the processor's
 * SHA instructions, takes several times as long, and would flatter whatever is compared with it.
 */
export const HASH = "openssl dgst -sha256";
