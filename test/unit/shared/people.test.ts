import { afterEach, describe, expect, test } from "vitest";
import { formatLocalDay, formatLocalTime } from "../../../src/shared/local-time.ts";
import { formatFingerprint, formatSigner } from "../../../src/shared/signature.ts";
import { parseFingerprint } from "../../../src/openpgp/fingerprint.ts";

const zone = process.env["TZ"];
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

describe("a time for people", () => {
  test.for([
    ["UTC", "2026-11-29T12:15:27+00:00"],
    ["America/New_York", "2026-11-29T07:15:27-05:00"],
    ["Asia/Kathmandu", "2026-11-29T18:00:27+05:45"],
  ])("has the offset of %s", ([timeZone = "", text]) => {
    process.env["TZ"] = timeZone;
    expect(formatLocalTime("2026-11-29T12:15:27.875Z")).toBe(text);
  });

  test("has the day of this machine's time zone", () => {
    process.env["TZ"] = "America/New_York";
    expect(formatLocalDay("2026-11-29T03:00:00Z")).toBe("2026-11-28");
  });

  test("that cannot be read is printed as it is", () => {
    expect(formatLocalTime("yesterday")).toBe("yesterday");
  });
});

describe("a fingerprint for people", () => {
  const digits = "0DE8B8F60123456789ABCDEF0123456789ABCDEF";

  test("is in groups of four, and is read back as it was", () => {
    const text = formatFingerprint(digits);
    expect(text).toBe("0DE8 B8F6 0123 4567 89AB CDEF 0123 4567 89AB CDEF");
    expect(parseFingerprint(text)).toBe(digits);
  });

  test("may be the id of a key, or a word for one that is not known", () => {
    expect(formatFingerprint("0123456789ABCDEF")).toBe("0123 4567 89AB CDEF");
    expect(formatFingerprint("unknown")).toBe("unknown");
    expect(formatSigner(null)).toBe("nobody");
  });
});
