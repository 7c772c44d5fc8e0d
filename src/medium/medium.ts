import type { Sha256 } from "../shared/sha256.ts";

/** A file that is open for reading at any offset. It stays readable when another file takes its name. */
export interface FileReader {
  /** Bytes; as it was opened. */
  readonly size: number;
  /** For threads of this process, which share open files. Valid until it is closed. */
  readonly fd: number;
  /** Fills `buffer` from `position` on; resolves to the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** A plain file in its folder. */
export interface FilePlace {
  /** Absolute, with links resolved where a folder was searched for it. */
  readonly folder: string;
  /** Its name there. */
  readonly file: string;
}

/** Where the bytes of a volume come from: a file on a medium, or standard input. */
export interface VolumeInput {
  /** For messages: as it was named on the command line. */
  readonly name: string;
  /** Bytes; undefined for a stream. */
  readonly size: number | undefined;
  /** Where the file is; absent for a stream. */
  readonly place?: FilePlace;
  /** Reads from the start; a piece is valid until the next one is requested. */
  open(): AsyncIterable<Uint8Array>;
  /** Opens the file for reading by offset; absent for a stream. */
  readonly openAt?: () => Promise<FileReader>;
}

/** What was written to a medium. */
export interface WrittenFile {
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
}

/** A folder on a medium, as a bundle is written to it. Names are plain file names. */
export interface MediumWriter {
  /** For messages. */
  readonly folder: string;
  /** Names of the plain files there; none when the folder does not exist. */
  list(): Promise<readonly string[]>;
  /** A file for reading, or undefined when there is none. */
  input(name: string): Promise<VolumeInput | undefined>;
  /** Creates or replaces a file whole and flushed; a crash leaves the old one or none. */
  write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<WrittenFile>;
  /** Durably; no error when it is absent already. */
  remove(name: string): Promise<void>;
  /** Renames a file; replaces an existing file of the new name. */
  move(from: string, to: string): Promise<void>;
  /** Removes what crashed runs left. */
  clean(): Promise<void>;
  freeBytes(): Promise<number>;
}
