import { expect, test } from '@jest/globals';
import { listener } from '../../support/network-probe.js';

const line = (local: string, state = '0A') =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000`;

test.each([
  ['0100007F:18EB', '127.0.0.1:6379'],
  ['0B00007F:A1B2', '127.0.0.11:41394'],
  ['00000000:1F90', '0.0.0.0:8080'],
  ['0000000000000000FFFF00000100007F:23F0', '127.0.0.1:9200'],
  ['0000000000000000FFFF0000050AA00A:23F0', '10.160.10.5:9200'],
  ['00000000000000000000000001000000:23F0', '[0000:0000:0000:0000:0000:0000:0000:0001]:9200'],
  ['00000000000000000000000000000000:1F90', '[0000:0000:0000:0000:0000:0000:0000:0000]:8080'],
])("the kernel's %s is %s", (local, address) => {
  expect(listener(line(local))).toBe(address);
});

test('connections and headings are no listeners', () => {
  expect(listener(line('0100007F:18EB', '01'))).toBeUndefined();
  expect(listener('  sl  local_address rem_address   st tx_queue rx_queue')).toBeUndefined();
});
