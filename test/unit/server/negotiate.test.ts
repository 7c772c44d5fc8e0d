import { expect, test } from "vitest";
import { tarballType } from "../../../src/server/negotiate.ts";

test.for([
  [undefined, "application/x-gzip"],
  ["*/*", "application/x-gzip"],
  ["application/x-gzip", "application/x-gzip"],
  ["application/gzip", "application/gzip"],
  ["Application/GZIP; q=0.9", "application/gzip"],
  ["text/html, application/gzip", "application/gzip"],
  ["application/x-gzip,application/gzip", "application/x-gzip"],
  ["application/gzip, application/x-gzip;q=0.1", "application/x-gzip"],
  ["application/gzipped", "application/x-gzip"],
] as const)("rule 4: for Accept %s a tarball is %s", ([accept, type]) => {
  expect(tarballType(accept)).toBe(type);
});
