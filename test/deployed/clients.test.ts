import { describe } from '@jest/globals';
import { followFailover } from '../support/client-failover.js';
import { clientRuntimes } from '../support/client-runtime.js';
import { Faults } from '../support/faults.js';
import { usePlatform } from '../support/live.js';

const platform = usePlatform();
const runtimes = await clientRuntimes();

describe('the code that is printed for a client loses nothing when the master is killed:', () => {
  followFailover(platform, runtimes, {
    what: 'killed',
    happen: (master) => new Faults(platform()).killRedisServer(master),
  });
});
