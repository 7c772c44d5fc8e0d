/** A clock that a walk moves forward: `Date` of this process is ahead by so much. */

const RealDate = Date;
let aheadMs = 0;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: []) =>
    args.length === 0 ? new target(RealDate.now() + aheadMs) : new target(...args),
  get: (target, name, receiver) =>
    name === "now" ? () => RealDate.now() + aheadMs : (Reflect.get(target, name, receiver) as unknown),
});

/** From now on every `new Date()` is so much ahead of the system's clock. */
export function setClockAhead(ms: number): void {
  aheadMs = ms;
}
