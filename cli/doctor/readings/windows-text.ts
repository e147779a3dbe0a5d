/**
 * What a program of Windows printed or wrote. `wsl.exe` prints UTF-16 unless WSL_UTF8 is set, which older ones do not know; Windows
 * PowerShell's `>` and Out-File write it with a mark in front; everything else is taken for UTF-8.
 */
export function decodeWindowsText(bytes: Buffer): string {
  return new TextDecoder(isUtf16(bytes) ? 'utf-16le' : 'utf-8').decode(bytes);
}

function isUtf16(bytes: Buffer): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return true;
  // Without a mark: Latin letters, of which there are some in each table, have an upper byte of zero, and UTF-8 has no zeros.
  return bytes.subarray(0, 200).includes(0);
}
