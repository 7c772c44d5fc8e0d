/**
 * Clear-signed documents, each changed in one to three ways that a proxy, an editor or an attacker would choose. Bytes
 * are characters of latin1, so that a change can be anything.
 *
 * ```ts
 * const mutant = mutate(random, parts);       // { document, what: ["a lone CR", "two signatures"] }
 * Buffer.from(mutant.document, "latin1");
 * ```
 */
import type { Random } from "./random.ts";

/** What documents are put together from. */
export interface MutantParts {
  /** Signed texts as they stand in a document: dash-escaped, with their last line end. */
  readonly bodies: readonly string[];
  /** Packet of a signature over a body, by signer. */
  readonly signatures: readonly Readonly<Record<string, Buffer>>[];
  /** Names of signers whose keys are trusted. */
  readonly trusted: readonly string[];
  /** Names of signers whose keys nobody knows. */
  readonly unknown: readonly string[];
}

export interface Mutant {
  readonly document: string;
  readonly what: readonly string[];
}

interface Draft {
  begin: string;
  headers: string[];
  body: string;
  armorHeaders: string[];
  packets: Buffer[];
  checksum: "right" | "wrong" | "missing";
  width: number;
}

type Change = (
  draft: Draft,
  random: Random,
  context: { readonly parts: MutantParts; readonly index: number },
) => void;
type TextChange = (text: string, random: Random) => string;

/** One document and what was done to it; the same for the same random choices. */
export function mutate(random: Random, parts: MutantParts): Mutant {
  const index = random.below(parts.bodies.length);
  const own = parts.signatures[index] ?? {};
  const draft: Draft = {
    begin: "-----BEGIN PGP SIGNED MESSAGE-----",
    headers: ["Hash: SHA512"],
    body: parts.bodies[index] ?? "",
    armorHeaders: [],
    packets: [own[random.pick(parts.trusted)] as Buffer],
    checksum: "right",
    width: 64,
  };
  const what: string[] = [];
  let document: string | undefined;
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left -= 1) {
    const isText = document !== undefined || random.chance(0.5);
    const [name, change] = random.pick<readonly [string, Change | TextChange]>(
      isText ? TEXT_CHANGES : CHANGES,
    );
    what.push(name);
    if (isText) document = (change as TextChange)(document ?? assemble(draft), random);
    else (change as Change)(draft, random, { parts, index });
  }
  return { document: document ?? assemble(draft), what };
}

/** A text that was changed in one to three ways on its way. */
export function mutateText(random: Random, text: string): Mutant {
  const changes = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => random.pick(TEXT_CHANGES));
  const document = changes.reduce((changed, [, change]) => change(changed, random), text);
  return { document, what: changes.map(([name]) => name) };
}

/** Base64 with a checksum between its lines. Source: RFC 9580 §6 */
export function armorSignature(
  bytes: Buffer,
  {
    headers = [],
    checksum = "right",
    width = 64,
  }: Partial<Pick<Draft, "checksum" | "width">> & {
    readonly headers?: readonly string[];
  } = {},
): string {
  const text = bytes.toString("base64");
  const lines = Array.from({ length: Math.ceil(text.length / width) }, (_, line) =>
    text.slice(line * width, (line + 1) * width),
  );
  const sum = { right: [`=${checksumOf(bytes)}`], wrong: ["=AAAA"], missing: [] }[checksum];
  return [
    "-----BEGIN PGP SIGNATURE-----",
    ...headers,
    "",
    ...lines,
    ...sum,
    "-----END PGP SIGNATURE-----",
    "",
  ].join("\n");
}

/** The bytes of the packets in an armoured signature. */
export function dearmor(document: string): Buffer {
  const block = /-----BEGIN PGP SIGNATURE-----\n(?:[^\n]+\n)*\n([^-=]+={0,2})\n=/.exec(document)?.[1] ?? "";
  return Buffer.from(block, "base64");
}

function assemble({ begin, headers, body, armorHeaders, packets, checksum, width }: Draft): string {
  const armor = armorSignature(Buffer.concat(packets), { headers: armorHeaders, checksum, width });
  return [begin, ...headers, "", body].join("\n") + armor;
}

function checksumOf(bytes: Buffer): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString("base64");
}

/** Headers of the text; the first ones name the right hash, too. */
const HEADERS: readonly (readonly string[])[] = [
  ["Hash: SHA256,SHA512"],
  ["Hash: SHA256, SHA512"],
  ["Hash: SHA1", "Hash: SHA512"],
  ["Hash: SHA512  \t"],
  ["Hash: SHA512,SHA224,SHA384,RIPEMD160"],
  ["Hash: SHA512,SHA512,SHA512,SHA512,SHA512,SHA512,SHA512,SHA512,SHA512"],
  [],
  ["Hash: sha512"],
  ["Hash: SHA256"],
  ["hash: SHA512"],
  ["Hash:SHA512"],
  ["Hash:  SHA512"],
  [" Hash: SHA512"],
  ["Hash: SHA512,"],
  ["Hash: ,SHA512"],
  ["Hash: SHA512;SHA256"],
  ["Hash: SHA3-512,SHA512"],
  ["Hash: MD5,SHA512"],
  ["Hash: SHA512", "Comment: x"],
  ["Charset: UTF-8", "Hash: SHA512"],
  ["Hash: SHA512", "NotDashEscaped: You need GnuPG to verify this message"],
  ["Hash: SHA512", '{"a": 1}'],
  ["Hash: SHA512", " "],
  ["Version: 1"],
];

const ARMOR_HEADERS: readonly (readonly string[])[] = [
  ["Version: GnuPG v2"],
  ["Comment: x", "Comment: y"],
  ["Charset: utf-8"],
  ["Hash: SHA256"],
  ["Comment: \u00c3\u00a9"],
  ["Comment: "],
  ["Comment:x"],
  ["X-Y: z"],
  ["x: y"],
  ["no header"],
  [`Comment: ${"x".repeat(30_000)}`],
];

/** Packets that are no signature. Source: RFC 9580 §5 */
const ODD_PACKETS: readonly Buffer[] = [
  Buffer.from([0xca, 3, 0x50, 0x47, 0x50]), // marker
  Buffer.from([0xa8, 3, 0x50, 0x47, 0x50]), // marker, old header
  Buffer.from([0xcc, 1, 0]), // trust
  Buffer.from([0xd5, 2, 0, 0]), // padding
  Buffer.from([0xcd, 1, 0x78]), // user id
  Buffer.from([0xcb, 8, 0x62, 0, 0, 0, 0, 0, 0x68, 0x69]), // literal data
  Buffer.from([0xfc, 1, 0]), // private use
  Buffer.from([0xc2, 1, 3]), // signature, version 3, cut
  Buffer.from([0xc2, 1, 5]), // signature, version 5, cut
  Buffer.from([0xc2, 0]), // empty signature
  Buffer.from([0x00]),
  Buffer.from([0xc2]),
];

const CHANGES: readonly (readonly [string, Change])[] = [
  ["nothing", () => undefined],
  ["other headers", (draft, random) => void (draft.headers = [...random.pick(HEADERS)])],
  ["armour headers", (draft, random) => void (draft.armorHeaders = [...random.pick(ARMOR_HEADERS)])],
  ["wrong checksum", (draft) => void (draft.checksum = "wrong")],
  ["no checksum", (draft) => void (draft.checksum = "missing")],
  ["other line lengths", (draft, random) => void (draft.width = random.pick([4, 5, 60, 63, 76, 4096]))],
  [
    "a signature of another text",
    (draft, random, context) => insert(draft, random, foreign(random, context, context.parts.trusted)),
  ],
  [
    "two signatures",
    (draft, random, { parts, index }) =>
      insert(draft, random, parts.signatures[index]?.[random.pick(parts.trusted)]),
  ],
  [
    "a signature of an unknown key",
    (draft, random, { parts, index }) =>
      insert(draft, random, parts.signatures[index]?.[random.pick(parts.unknown)]),
  ],
  [
    "a wrong signature of an unknown key",
    (draft, random, context) => insert(draft, random, foreign(random, context, context.parts.unknown)),
  ],
  ["a packet that is no signature", (draft, random) => insert(draft, random, random.pick(ODD_PACKETS))],
  ["no packet", (draft) => void (draft.packets = [])],
  [
    "a changed packet",
    (draft, random) => {
      draft.packets = draft.packets.map((packet) => {
        const changed = Buffer.from(packet);
        const at = random.below(changed.length);
        changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
        return changed;
      });
    },
  ],
  [
    "a packet with another header",
    (draft, random) => void (draft.packets = draft.packets.map((packet) => withHeader(packet, random))),
  ],
  ["the same packet twice", (draft) => void (draft.packets = [...draft.packets, ...draft.packets])],
  ["another text", (draft, random, { parts }) => void (draft.body = random.pick(parts.bodies))],
];

function insert(draft: Draft, random: Random, packet: Buffer | undefined): void {
  if (packet !== undefined) draft.packets.splice(random.below(draft.packets.length + 1), 0, packet);
}

function foreign(
  random: Random,
  { parts, index }: { readonly parts: MutantParts; readonly index: number },
  signers: readonly string[],
): Buffer | undefined {
  const other = (index + 1 + random.below(parts.bodies.length - 1)) % parts.bodies.length;
  return parts.signatures[other]?.[random.pick(signers)];
}

/** The same content behind a header of another form. gpg writes those of old. Source: RFC 9580 §4.2 */
function withHeader(packet: Buffer, random: Random): Buffer {
  const [first = 0, second = 0, third = 0] = packet;
  if ((first & 0x40) !== 0 || (first & 3) > 1) return packet;
  const content = packet.subarray((first & 3) === 0 ? 2 : 3);
  const length = (first & 3) === 0 ? second : second * 256 + third;
  return Buffer.concat([
    random.pick([
      Buffer.from([0xc2, 0xff, 0, 0, length >> 8, length & 0xff]),
      Buffer.from([0x8a, 0, 0, length >> 8, length & 0xff]),
      Buffer.from([0x8b]),
      Buffer.from([0xc2, 0xe0, content[0] ?? 0, length - 1]),
      Buffer.from([0x89, (length + 5) >> 8, (length + 5) & 0xff]),
      Buffer.from([0x89, (length - 5) >> 8, (length - 5) & 0xff]),
      length < 192
        ? Buffer.from([0xc2, length])
        : Buffer.from([0xc2, ((length - 192) >> 8) + 192, (length - 192) & 0xff]),
    ]),
    content,
  ]);
}

const ODD = [
  "\r",
  "\n",
  " ",
  "\t",
  "\0",
  "-",
  "- ",
  "=",
  "\v",
  "\f",
  "\x1b",
  "\x7f",
  "\xff",
  "\xc2\xa0",
  "\xef\xbb\xbf",
  "\xe2\x80\xa8",
  "\xc3\xa9",
  "\xf0\x9f\x98\x80",
  "\r\n",
  "\r\r\n",
  "\n\n",
] as const;

const TEXT_CHANGES: readonly (readonly [string, TextChange])[] = [
  [
    "a flipped bit",
    (text, random) =>
      spliced(text, random, (char) => String.fromCharCode(char.charCodeAt(0) ^ (1 << random.below(8)))),
  ],
  ["an inserted character", (text, random) => spliced(text, random, (char) => random.pick(ODD) + char)],
  ["a character in place of another", (text, random) => spliced(text, random, () => random.pick(ODD))],
  ["a missing character", (text, random) => spliced(text, random, () => "")],
  ["all CRLF", (text) => text.replaceAll("\n", "\r\n")],
  ["some CRLF", (text, random) => eachLine(text, random, (line) => `${line}\r`)],
  ["CR CR LF", (text, random) => eachLine(text, random, (line) => `${line}\r\r`)],
  [
    "CR in place of LF",
    (text, random) => spliced(text, random, (char) => (char === "\n" ? "\r" : char), "\n"),
  ],
  ["only CR", (text) => text.replaceAll("\n", "\r")],
  ["a lone CR", (text, random) => spliced(text, random, (char) => `\r${char}`)],
  ["a CR at the start of a line", (text, random) => eachLine(text, random, (line) => `\r${line}`)],
  [
    "trailing blanks",
    (text, random) => eachLine(text, random, (line) => line + random.pick([" ", "\t", "  \t ", " \t\r"])),
  ],
  [
    "trailing odd characters",
    (text, random) =>
      eachLine(text, random, (line) => line + random.pick(["\v", "\f", "\xc2\xa0", "\0", "\x1f"])),
  ],
  ["leading blanks", (text, random) => eachLine(text, random, (line) => random.pick([" ", "\t"]) + line)],
  ["dashes escaped", (text, random) => eachLine(text, random, (line) => `- ${line}`)],
  ["dashes unescaped", (text) => text.replaceAll(/^- /gm, "")],
  [
    "a bare dash",
    (text, random) =>
      eachLine(text, random, (line) =>
        line === "" || line === "- " ? random.pick(["-", "- ", "-\t"]) : line,
      ),
  ],
  ["a line twice", (text, random) => eachLine(text, random, (line) => `${line}\n${line}`)],
  ["a line less", (text, random) => lines(text, (all) => all.splice(random.below(all.length), 1))],
  [
    "an empty line more",
    (text, random) => lines(text, (all) => all.splice(random.below(all.length + 1), 0, "")),
  ],
  [
    "two lines swapped",
    (text, random) => lines(text, (all) => all.push(...all.splice(random.below(all.length), 1))),
  ],
  ["cut at the end", (text, random) => text.slice(0, text.length - random.below(120))],
  ["cut at the start", (text, random) => text.slice(random.below(40))],
  ["text behind", (text, random) => text + random.pick(["\n", " \n", "\n\n\n", "x\n", "\0", "{}", text])],
  ["text before", (text, random) => random.pick(["\n", " \n", "x\n", "\xef\xbb\xbf", "\0", text]) + text],
  ["no line end at the end", (text) => text.trimEnd()],
  ["a very long line", (text, random) => eachLine(text, random, (line) => line + " ".repeat(25_000))],
  ["Latin-1", (text) => text.replaceAll("\xc3\xa9", "\xe9")],
  ["UTF-16", (text) => Buffer.from(text, "utf16le").toString("latin1")],
];

function spliced(text: string, random: Random, change: (char: string) => string, only?: string): string {
  const at = only === undefined ? random.below(text.length) : nth(text, random, only);
  return text.slice(0, at) + change(text[at] ?? "") + text.slice(at + 1);
}

function nth(text: string, random: Random, char: string): number {
  const places = [...text.matchAll(new RegExp(char, "g"))].map(({ index }) => index);
  return places.length === 0 ? 0 : random.pick(places);
}

/** Changes one line, or some, or the last before the signature. */
function eachLine(text: string, random: Random, change: (line: string) => string): string {
  const share = random.pick([0.02, 0.1, 1]);
  return lines(text, (all) => {
    const last = all.indexOf("-----BEGIN PGP SIGNATURE-----") - 1;
    const chosen = random.chance(0.1)
      ? new Set([last])
      : new Set(all.keys().filter(() => random.chance(share)));
    for (const at of chosen) if (all[at] !== undefined) all[at] = change(all[at]);
  });
}

function lines(text: string, change: (all: string[]) => void): string {
  const all = text.split("\n");
  change(all);
  return all.join("\n");
}
