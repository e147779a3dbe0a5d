/** A Linux that is installed in WSL. */
export interface WslDistribution {
  readonly name: string;
  /** The one that `wsl` starts when none is named. */
  readonly isDefault: boolean;
  /** 1 has no kernel of its own, and no Docker. */
  readonly version: number;
  /** As `wsl.exe` says it, in the user's language: `Running`, `Stopped`, `Installing`. */
  readonly state: string;
}

/**
 * What `wsl.exe --list --verbose` prints: a line of headings, then `* Ubuntu    Running    2`. Headings and states are translated, and a
 * state may be several words; names have no spaces.
 */
export function parseWslList(text: string): WslDistribution[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, mark, name, state, version] = /^(\*| ) (\S+)\s+(\S.*?)\s+([12])\s*$/.exec(line) ?? [];
    if (name === undefined || state === undefined) return [];
    return [{ name, isDefault: mark === '*', version: Number(version), state }];
  });
}
