/** Where encoded bytes go. Who writes a value does not know whether it ends in a buffer, a file or a saver's pipe. */
export interface BytesOut {
  u8(byte: number): void;
  /** Latin1, as it is. */
  text(bytes: string): void;
  /** An RDB string: integer form, compressed or plain, with its length, as the sink was told to write them. */
  string(value: string | number): void;
}
