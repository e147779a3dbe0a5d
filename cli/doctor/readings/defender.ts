/** What Microsoft Defender says of itself. */
export interface Defender {
  /** Whether it reads each file that is opened. */
  readonly watches: boolean;
  /** Folders that it leaves out; undefined where it tells administrators only. */
  readonly leavesOut: readonly string[] | undefined;
}

/** For PowerShell. */
export const ASK_DEFENDER =
  "if ((Get-MpComputerStatus).RealTimeProtectionEnabled) { 'watches' } else { 'does not' }; (Get-MpPreference).ExclusionPath";

export function parseDefender(text: string): Defender {
  const [first, ...folders] = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const closed = folders.some((line) => line.startsWith('N/A'));
  return { watches: first === 'watches', leavesOut: closed ? undefined : folders };
}

/** Whether a folder is one of those that are left out, or in one. */
export function isLeftOut(folder: string, leavesOut: readonly string[]): boolean {
  const within = `${folder.toLowerCase()}\\`;
  return leavesOut.some((one) => within.startsWith(`${one.toLowerCase().replace(/\\$/, '')}\\`));
}
