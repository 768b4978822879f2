/** The files of an archive or of a directory, in the order in which they were written. */
export interface MemberSource {
  /** True where the next member has this name. */
  has(name: string): Promise<boolean>;
  /**
   * Opens the next member, which must have this name and size; null where a directory lacks it. The member before has
   * to be read to its end. Throws `bundle_wrong` and `bundle_interrupted`, with the end of a sentence as the message.
   */
  open(name: string, sizeBytes?: number): Promise<Member | null>;
  /** Makes sure that nothing follows. Throws as `open`. */
  finish(): Promise<void>;
  close(): void;
}

export interface Member {
  readonly sizeBytes: number;
  /** Some of its bytes, valid until the next call; null at the end. Throws as `MemberSource.open`. */
  next(): Promise<Uint8Array | null>;
  /** Goes to the end of the member, without reading its bytes where that is possible. */
  skip(): Promise<void>;
}

/** Where members are written, one after the other. */
export interface MemberSink {
  /**
   * True where a member is there already with all its bytes, as in a directory: then it is not written. False for one
   * whose digest is null.
   */
  has(name: string, sizeBytes: number, sha256: string | null): boolean | Promise<boolean>;
  /** Begins a member. It must get exactly `sizeBytes` bytes before the next one. */
  begin(name: string, sizeBytes: number): void | Promise<void>;
  write(bytes: Uint8Array): void | Promise<void>;
  /** Ends the member that was begun; one with wrong bytes is left out where that is possible. */
  end(isRight?: boolean): void | Promise<void>;
  /** Makes what was written valid. */
  finish(): Promise<void>;
  /** Removes what was written, where it could be taken for something whole. */
  abort(): void;
}
