import type { ExaminedMirror } from "../examined-mirror.ts";
import type { Sign } from "../fact-book.ts";

/**
 * A damaged tarball of which a log tells. All of them are one kind with one remedy, with what the mirror itself knows of its
 * damage; it is over where the mirror has none now.
 */
export function damageSign(about: string, found: string, mirror: ExaminedMirror | undefined): Sign {
  const sign: Sign = { kind: "tarballs-damaged", about, found };
  if (mirror === undefined || mirror.damaged.length > 0) return sign;
  return {
    ...sign,
    severity: "note",
    means:
      "the mirror has no damaged tarball now: what was damaged was fetched again, or is not listed any longer",
    next: "jam verify --deep: the disk that damaged one file may have damaged others",
  };
}
