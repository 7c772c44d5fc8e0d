import { expect, test } from "vitest";
import express from "express";
import { ENCODINGS, preferredEncoding, tarballType } from "../../../src/server/negotiate.ts";

test.for([
  ["gzip", "gzip"],
  ["gzip, deflate", "gzip"],
  ["gzip, deflate, br, zstd", "gzip"],
  ["br;q=0.5, gzip;q=0.8", "gzip"],
  ["identity, gzip", undefined],
  ["identity;q=0.5, gzip;q=0.4", undefined],
  ["gzip;q=0", undefined],
  ["*", "br"],
  ["*;q=0.5, zstd", "zstd"],
  ["*;q=0", undefined],
  ["identity;q=0", undefined],
  ["GZIP", "gzip"],
  ["x-gzip", undefined],
  ["gzip;q=nonsense", undefined],
  ["", undefined],
  [",, ;q=1", undefined],
] as const)("for Accept-Encoding %s a document is sent as %s", ([header, encoding]) => {
  expect(preferredEncoding(header)).toBe(encoding);
});

test("chooses the coding that express would choose, whatever a client weighs", () => {
  const names = ["gzip", "br", "zstd", "identity", "*", "deflate", "GZIP"];
  const weights = ["", ";q=0", ";q=0.3", "; q=0.7", ";Q=1", ";q=1.0", ";x=y"];
  for (let at = 0; at < 3000; at++) {
    const pick = <Item>(list: readonly Item[], by: number) => list[(at * 7919 + by * 104_729) % list.length];
    const header = Array.from(
      { length: 1 + (at % 4) },
      (_, place) => `${pick(names, place * place + 1)}${pick(weights, place * 3 + (at >> 3))}`,
    ).join(at % 2 === 0 ? "," : ", ");
    const request = Object.assign(Object.create(express.request) as express.Request, {
      headers: { "accept-encoding": header },
    });
    const theirs = request.acceptsEncodings([...ENCODINGS, "identity"]);
    expect([header, preferredEncoding(header) ?? "identity"]).toEqual([header, theirs || "identity"]);
  }
});

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
