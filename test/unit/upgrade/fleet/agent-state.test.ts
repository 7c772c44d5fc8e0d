import { expect, test } from "vitest";
import { machineState, unitState } from "../../../../src/upgrade/fleet/agent-state.ts";

const signs = (current: string | undefined, message?: string, statusError?: string) => ({
  current,
  message,
  statusError,
});

test.for([
  ["started", undefined, "ok"],
  ["started", "", "ok"],
  ["started", "upgrading to 3.6.20", "upgrading"],
  ["started", "upgrading database to 2.8.13", "upgrading"],
  ["started", "upgrading database for 3.6.20", "upgrading"],
  ["started", "waiting on primary database upgrade for 3.6.20", "upgrading"],
  ["started", "waiting on primary database upgrade to 2.8.13", "upgrading"],
  ["started", "confirmed primary database upgrade for 3.6.20", "upgrading"],
  ["started", "database upgrade for 3.6.20 completed", "upgrading"],
  ["error", "upgrading database for 3.6.20", "failed"],
  ["error", "upgrade to 3.6.20 failed (will retry): API connection lost", "failed"],
  ["error", "upgrade to 4.0.15 failed (giving up): cannot reach the object store", "failed"],
  ["error", "failed to perform upgrade steps, check logs.", "failed"],
  // Should some version leave the status at "started", the message still counts.
  ["started", "upgrade to 4.0.15 failed (giving up): no space", "failed"],
  ["error", undefined, "failed"],
  ["down", "agent is not communicating with the server", "down"],
  ["stopped", undefined, "stopped"],
  ["pending", undefined, "pending"],
  ["idle", undefined, "unreadable"],
  ["frozen", undefined, "unreadable"],
  ["constructor", undefined, "unreadable"],
  [undefined, undefined, "unreadable"],
] as const)("a machine's agent that is %j, %j, is %s", ([current, message, state]) => {
  expect(machineState(signs(current, message))).toBe(state);
});

test.for([
  ["idle", undefined, "ok"],
  ["executing", "running config-changed hook", "ok"],
  ["running", undefined, "ok"],
  ["idle", "upgrading to 2.7.8", "upgrading"],
  ["error", "upgrade to 2.8.13 failed (giving up): no space left on device", "failed"],
  ["failed", "resolver loop error", "failed"],
  ["lost", "agent is not communicating with the server", "lost"],
  ["allocating", undefined, "pending"],
  ["rebooting", undefined, "stopped"],
  ["started", undefined, "unreadable"],
  ["toString", undefined, "unreadable"],
  [undefined, undefined, "unreadable"],
] as const)("a unit's agent that is %j, %j, is %s", ([current, message, state]) => {
  expect(unitState(signs(current, message))).toBe(state);
});

test.for(["started", "error", "pending", undefined])(
  "what Juju could not read is unreadable, also with %j",
  (one) => {
    expect(machineState(signs(one, undefined, "state is closed"))).toBe("unreadable");
    expect(unitState(signs(one, undefined, "state is closed"))).toBe("unreadable");
  },
);
