/** A range of addresses that is in use. */
export interface UsedRange {
  readonly cidr: string;
  /** Who uses it, for people. */
  readonly by: string;
}

/** `eth0 0000A8C0 00000000 0001 0 0 0 00FFFFFF ...`: destination and mask are hexadecimal, lowest byte first (man 5 proc). */
export function parseProcRoutes(table: string): UsedRange[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name, destination, , , , , , mask] = line.trim().split(/\s+/);
      if (name === undefined || destination === undefined || mask === undefined) return [];
      const bytes = (hex: string) => (hex.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
      const ones = onesOf(bytes(mask));
      return ones === 0 ? [] : [{ cidr: `${bytes(destination).join('.')}/${ones}`, by: `the route by ${name}` }];
    });
}

const ADDRESS = String.raw`(\d+\.\d+\.\d+\.\d+)`;
const WINDOWS_ROUTE = new RegExp(String.raw`^\s*${ADDRESS}\s+${ADDRESS}\s+\S.*?\s+${ADDRESS}\s+\d+\s*$`);

/**
 * Windows' `route print -4`: `  10.8.0.0    255.255.0.0    On-link    10.8.0.6    281`. Words are translated, `On-link` to several of them.
 * Persistent routes, at the end, have a column less and are among the active ones where they count.
 */
export function parseRoutePrint(table: string): UsedRange[] {
  return table.split(/\r?\n/).flatMap((line) => {
    const [, destination, mask, by] = WINDOWS_ROUTE.exec(line) ?? [];
    if (destination === undefined || mask === undefined || by === undefined) return [];
    return usable(destination, onesOf(mask.split('.').map(Number)), by);
  });
}

/**
 * macOS' `netstat -rn -f inet`: `10.8/16    10.8.0.1    UGSc    utun4`, with two columns of counts before the interface until macOS 11.
 * Zeros at the end of a destination are left out, and its length where it follows from how many parts there are.
 */
export function parseNetstatRoutes(table: string): UsedRange[] {
  return table.split('\n').flatMap((line) => {
    const [destination = '', gateway = '', , ...rest] = line.trim().split(/\s+/);
    const [, address, length] = /^(\d+(?:\.\d+){0,3})(?:\/(\d+))?$/.exec(destination) ?? [];
    const by = rest.find((cell) => /^[a-z]/.test(cell));
    // Neighbours in the same network are listed with their hardware's addresses.
    if (address === undefined || by === undefined || /^[0-9a-f]+(?::[0-9a-f]+){5}$/.test(gateway)) return [];
    const parts = address.split('.');
    const whole = [...parts, '0', '0', '0'].slice(0, 4).join('.');
    return usable(whole, length === undefined ? parts.length * 8 : Number(length), by);
  });
}

/** Without the default route, loopback and multicast, which every machine has. */
function usable(address: string, ones: number, by: string): UsedRange[] {
  const first = Number(address.split('.')[0]);
  if (ones === 0 || first === 127 || first >= 224) return [];
  return [{ cidr: `${address}/${ones}`, by: `the route by ${by}` }];
}

function onesOf(mask: readonly number[]): number {
  return mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
}
