/** True for a text that begins with a scheme and `://`; a folder does not. */
export function hasScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** True when reading from `url` needs the network; a folder or a file: URL does not. */
export function isRemote(url: string): boolean {
  return hasScheme(url) && !/^file:/i.test(url);
}
