import { describe, expect, test } from "vitest";
import { hasUnprintable } from "../../../src/shared/printable.ts";
import { joinParts, pathWord, shellCommand } from "../../../src/shared/shell-command.ts";

describe("a command for pasting", () => {
  test("stands as written with plain values", () => {
    const [controller, model] = ["prod", "web"];
    expect(shellCommand`juju status -m ${controller}:${model} --format json | jam upgraded`).toBe(
      "juju status -m prod:web --format json | jam upgraded",
    );
  });

  test.for([
    ["$(id)", "'$(id)'"],
    ["a;touch x", "'a;touch x'"],
    ["it's", String.raw`'it'\''s'`],
    ["", "''"],
    ["~root", "'~root'"],
    ["=ls", "'=ls'"],
    ["größe", "'größe'"],
  ] as const)("quotes %j within its word", ([value, quoted]) => {
    expect(shellCommand`juju status -m prod:${value}`).toBe(`juju status -m prod:${quoted}`);
  });

  test("makes a word of each element of an array", () => {
    expect(shellCommand`cp ${["a b", "c"]} /etc`).toBe("cp 'a b' c /etc");
    expect(shellCommand`cp ${[]} /etc`).toBe("cp  /etc");
  });

  test.for([
    ["a\nid", String.raw`# juju status cannot be pasted: 'a\u{a}id' has characters that do not print`],
    ["\u{1b}[2J", String.raw`# juju status cannot be pasted: '\u{1b}[2J' has characters that do not print`],
    ["a\u{202e}b", String.raw`# juju status cannot be pasted: 'a\u{202e}b' has characters that do not print`],
    ["a\u{9b}b", String.raw`# juju status cannot be pasted: 'a\u{9b}b' has characters that do not print`],
    ["$(id)\n", String.raw`# juju status cannot be pasted: '$(id)\u{a}' has characters that do not print`],
    ["-x", "# juju status cannot be pasted: -x would be read as an option"],
    ["-$(id)", "# juju status cannot be pasted: '-$(id)' would be read as an option"],
  ] as const)("is a comment instead for %j", ([value, comment]) => {
    expect(shellCommand`juju status -m ${value}`).toBe(comment);
  });

  test("takes a dash that starts no word", () => {
    expect(shellCommand`juju status --model=${"-x"}:${"-y"}`).toBe("juju status --model=-x:-y");
    expect(shellCommand`cat ${pathWord("-x")}`).toBe("cat ./-x");
  });

  test("finds the option behind an empty value and in an array", () => {
    expect(shellCommand`cat ${""}${"-x"}`).toMatch(/^# cat cannot/);
    expect(shellCommand`cat ${["a", "-x"]}`).toMatch(/^# cat cannot/);
    expect(shellCommand`cat ${"a"}${"-x"}`).toBe("cat a-x");
  });

  test("quotes twice what a second shell reads", () => {
    const twice = String.raw`''\''a b'\'''`;
    expect(shellCommand`juju ssh ${"a b"} -- sudo cat ${"a b"}`).toBe(`juju ssh 'a b' -- sudo cat ${twice}`);
    expect(shellCommand`watch -n 5 juju show-model ${"a b"}`).toBe(`watch -n 5 juju show-model ${twice}`);
    expect(shellCommand`jam upgraded --watch -- juju status -m ${"a b"}`).toBe(
      "jam upgraded --watch -- juju status -m 'a b'",
    );
  });

  test("cannot be written with quotes around a value", () => {
    expect(() => shellCommand`cat '${"a"}'`).toThrow(TypeError);
    expect(() => shellCommand`cat "${"a"}"`).toThrow(TypeError);
    expect(() => shellCommand`cat $${"a"}`).toThrow(TypeError);
  });
});

const HIDDEN =
  "\0\n\r\t\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}\u{e0001}\ud800";

test.for(Array.from(HIDDEN))("%j does not print", (rune) => {
  expect(hasUnprintable(`a${rune}b`)).toBe(true);
});

test.for(["web", "größe", "a b", "$(id)", "名前"])("%j prints", (text) => {
  expect(hasUnprintable(text)).toBe(false);
});

test("parts are joined, and one that cannot be pasted is all that is left", () => {
  expect(joinParts([shellCommand`juju bootstrap CLOUD ${"a b"}`, shellCommand`--config ${"x=y z"}`])).toBe(
    "juju bootstrap CLOUD 'a b' --config 'x=y z'",
  );
  expect(joinParts([shellCommand`juju status`, shellCommand`juju bootstrap ${"a\u0000b"}`])).toMatch(
    /^# juju/,
  );
});
