import { describe } from '@jest/globals';
import { followFailover } from '../support/client-failover.js';
import { clientRuntimes } from '../support/client-runtime.js';
import { Faults } from '../support/faults.js';
import { usePlatform } from '../support/live.js';

const platform = usePlatform({ restore: (used) => new Faults(used).undo() });
const runtimes = await clientRuntimes({ build: true });

// Which neither answers nor closes: what a library makes of it is a matter of its time-outs.
describe('the code that is printed for a client loses nothing when the master freezes:', () => {
  followFailover(platform, runtimes, {
    what: 'frozen',
    happen: (master) => new Faults(platform()).freeze(master),
    undo: (master) => new Faults(platform()).unfreeze(master),
  });
});
