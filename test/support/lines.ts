import type { Topology } from '../../constructs/core/topology.js';

/**
 * What one topology has and another has not, as lines: `- ` of the first, `+ ` of the second. Names and addresses that
 * differ for every environment are the same here: addresses count from the base CIDR.
 */
export function linesThatDiffer(one: Topology, other: Topology): string {
  const [before, after] = [linesOf(one), linesOf(other)];
  const gone = before.filter((line) => !after.includes(line)).map((line) => ({ line, sign: '-' }));
  const come = after.filter((line) => !before.includes(line)).map((line) => ({ line, sign: '+' }));
  const pathOf = (line: string) => line.split(' = ')[0] ?? '';
  // The two values of one path stand together.
  const sorted = [...gone, ...come].sort((a, b) => compare(pathOf(a.line), pathOf(b.line)) || compare(b.sign, a.sign));
  return `\n${sorted.map(({ line, sign }) => `${sign} ${line}`).join('\n')}\n`;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function linesOf(topology: Topology): string[] {
  const [base = ''] = topology.baseCidr.split('/');
  const [first, second, third = 0] = base.split('.').map(Number);
  const address = new RegExp(`\\b${first ?? ''}\\.${second ?? ''}\\.(\\d+)\\.(\\d+)\\b`, 'g');
  const general = (text: string) =>
    text
      .replaceAll(address, (_, high: string, low: string) => `base+${Number(high) - third}.${low}`)
      .replaceAll(`rp-${topology.deployment}-`, 'rp-*-')
      .replaceAll(new RegExp(`(?<![a-z])${topology.deployment}/`, 'g'), '*/');
  const lines: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string' && value.includes('\n'))
      for (const line of value.split('\n')) lines.push(`${path} = ${line}`);
    else if (Array.isArray(value) && value.every((one) => typeof one === 'object'))
      value.forEach((one, index) => {
        visit(one, `${path}.${nameOf(one, index)}`);
      });
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, one] of Object.entries(value)) visit(one, path === '' ? key : `${path}.${key}`);
    else lines.push(`${path} = ${JSON.stringify(value)}`);
  };
  visit(topology, '');
  return lines.map((line) => (line.startsWith('baseCidr = ') ? line : general(line)));
}

function nameOf(one: unknown, index: number): string {
  const { name, path, from, to } = one as Record<string, string | undefined>;
  return name ?? path ?? (from === undefined ? String(index) : `${from}->${to ?? ''}`);
}
