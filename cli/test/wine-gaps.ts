/** Tests that cannot pass under Wine, though they do on Windows. */
export interface Gap {
  readonly file: string;
  /** Of the tests' full names. @default all tests of the file */
  readonly tests?: RegExp;
  /** What Wine lacks. */
  readonly why: string;
}

export const WINE_GAPS: readonly Gap[] = [];
