/** A part of an open file of this process, from byte `start` to the one before `end`; it is read by offset. */
export interface FilePart {
  readonly fd: number;
  readonly start: number;
  readonly end: number;
}
