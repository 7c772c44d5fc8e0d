import type { Fleet } from "./fleet.ts";
import { FleetReader } from "./fleet-reader.ts";
import type { NamedText } from "./read-document.ts";

/**
 * The fleet that these files describe together, whichever commands they come from.
 * @throws JamError JAM_FLEET_INVALID naming the file, what it is, and what to give instead
 */
export function readFleet(texts: readonly NamedText[]): Fleet {
  const reader = new FleetReader();
  for (const { name, text } of texts) reader.add({ name, content: { text }, isNamed: true });
  return reader.fleet();
}
