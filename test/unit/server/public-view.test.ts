import { expect, test } from "vitest";
import { hideLocal } from "../../../src/server/public-view.ts";

const hide = hideLocal(["/srv/mirror data/juju", "/srv/mirror data/juju/keys", "/d"]);

test.for([
  ["https://user:pass@mirror.example/tools/", "https://mirror.example/tools/"],
  ["https://user@mirror.example:8080/tools/ is old", "https://mirror.example:8080/tools/ is old"],
  ["http://u:p@ss@h.example/a, ftp://x:y@z/b", "http://h.example/a, ftp://z/b"],
  ["HTTPS://U:P@H.example", "HTTPS://H.example"],
  ["http://h.example/a?mail=a@b.example", "http://h.example/a?mail=a@b.example"],
  ["write to me@example.org", "write to me@example.org"],
  ["/srv/mirror data/juju/blobs/sha256/ab is gone", "…/juju/blobs/sha256/ab is gone"],
  ['"/srv/mirror data/juju/keys" cannot be read', '"…/keys" cannot be read'],
  ["/d is a folder", "…/d is a folder"],
  ["http://h.example/d/x and /dev", "http://h.example/d/x and /dev"],
  ["/etc/jam/key.asc: no such file", "…/key.asc: no such file"],
  ["--data=/var/lib/jam, (/opt/jam/x)", "--data=…/jam, (…/x)"],
  ["file:///srv/trees/tools/index2.json", "file:…/index2.json"],
  [
    "http://mirror.example/tools/streams/v1/index2.json",
    "http://mirror.example/tools/streams/v1/index2.json",
  ],
  ["agent/3.6.5/juju-3.6.5-linux-amd64.tgz", "agent/3.6.5/juju-3.6.5-linux-amd64.tgz"],
  ["3 of 4 items, 5/6 done", "3 of 4 items, 5/6 done"],
  ["", ""],
])("shows %j as %j", ([text = "", shown]) => {
  expect(hide(text)).toBe(shown);
});

test("takes no longer for texts that are made to be slow", () => {
  for (const part of ["a", "a:", "://", "/a", " /a", "/", "file://", "a@", "http://a"]) {
    expect(hide(part.repeat(100_000)).length).toBeGreaterThan(0);
  }
});
