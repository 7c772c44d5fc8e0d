import { describe, expect, test } from "vitest";
import { ADVICE_LINK } from "../../../src/juju/knowledge/knowledge.ts";
import { htmlText, markdownCode, markdownLink, markdownText } from "../../../src/shared/markup.ts";

test("HTML shows markup, quotes and what does not print as they are", () => {
  expect(htmlText(`<b title="x" id='y'>&amp;\u{202e}\u{1b}`)).toBe(
    "&#60;b title=&#34;x&#34; id=&#39;y&#39;&#62;&#38;amp;\\u{202e}\\u{1b}",
  );
});

test.for([
  ["<script>alert(1)</script>", String.raw`\<script\>alert(1)\</script\>`],
  ["![x](http://y)", String.raw`\!\[x\](http://y)`],
  ["a|b", String.raw`a\|b`],
  ["`x` *y* _z_ ~~w~~", String.raw`\`x\` \*y\* \_z\_ \~\~w\~\~`],
  ["a\\|b", String.raw`a\\\|b`],
  ["&lt; $x$ #1", String.raw`\&lt; \$x\$ \#1`],
  ["a\n\n# b", String.raw`a\\u{a}\\u{a}\# b`],
] as const)("Markdown shows %j as it is", ([text, shown]) => {
  expect(markdownText(text)).toBe(shown);
});

test.for([
  ["released", "`released`"],
  ["a`b", "``a`b``"],
  ["`a``", "``` `a`` ```"],
  [" a ", "`  a  `"],
  ["a\n```\n", String.raw`${"````"}a\u{a}${"```"}\u{a}${"````"}`],
] as const)("Markdown shows %j as code", ([text, shown]) => {
  expect(markdownCode(text)).toBe(shown);
});

describe("the link of an advice", () => {
  test.for([
    'http://x/"><script>alert(1)</script>',
    "http://x/<y>",
    "https://x/a b",
    "https://x/`id`",
    "https://x/a\\b",
    "https://x/{y}",
    "https://x/\u{202e}y",
    "https://x/ä",
    "javascript:alert(1)",
    "https://",
  ])("is no address when it is %j, and cannot leave its place in Markdown", (link) => {
    expect(ADVICE_LINK.test(link)).toBe(false);
    const shown = markdownLink(link);
    expect(shown).toMatch(/^<https?:\/\/[^<>"\s\\`]*>$|^javascript/);
  });

  test.for(["https://bugs.example/42", "http://[::1]:8080/a?b=c&d=%20#e", "https://x/~y/(z)!$&'*+,;=:@"])(
    "may be %s",
    (link) => {
      expect(ADVICE_LINK.test(link)).toBe(true);
      expect(markdownLink(link)).toBe(`<${link}>`);
    },
  );
});
