/** `%UserProfile%\.wslconfig`: settings of the virtual machine that all Linux systems of WSL 2 share. */
export interface WslConfig {
  /** By lower-case name, of the sections that WSL reads. */
  readonly settings: Readonly<Record<string, string>>;
  /** Lines that have no effect where they stand, e.g. in a section `[wsl]`. */
  readonly ignored: readonly string[];
}

/** Sections that WSL knows (learn.microsoft.com, "Advanced settings configuration in WSL"). */
const SECTIONS = ['wsl2', 'experimental', 'general', 'gpu'];

export function parseWslConfig(text: string): WslConfig {
  const settings: Record<string, string> = {};
  const ignored: string[] = [];
  let section = '';
  for (const line of text.split(/\r?\n/).map((raw) => raw.trim())) {
    if (line === '' || /^[#;]/.test(line)) continue;
    const heading = /^\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading.toLowerCase();
      continue;
    }
    const [, name, value] = /^([\w.]+)\s*=\s*(.*?)\s*(?:#.*)?$/.exec(line) ?? [];
    if (name === undefined || value === undefined || !SECTIONS.includes(section)) ignored.push(line);
    else settings[name.toLowerCase()] = value;
  }
  return { settings, ignored };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/**
 * `4GB`, `4096MB`, `50%` of what the machine has; `0` stands for half of it, as nothing does.
 * @param machineBytes of the whole machine
 * @returns bytes; undefined where it is none of these
 */
export function wslMemory(text: string | undefined, machineBytes: number): number | undefined {
  const [, number, unit = ''] = /^(\d+)\s*(%|[KMGT]?B?)$/i.exec(text ?? '0') ?? [];
  if (number === undefined) return undefined;
  if (Number(number) === 0) return machineBytes / 2;
  if (unit === '%') return (machineBytes * Number(number)) / 100;
  const factor = UNITS[unit.toUpperCase().replace(/^(.)B$/, '$1')];
  return factor === undefined ? undefined : Number(number) * factor;
}
