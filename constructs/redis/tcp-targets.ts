import type { Endpoint } from '../core/endpoint.js';
import type { TcpCheck } from '../proxy/model.js';
import type { TcpTarget } from '../proxy/targets.js';
import type { RedisModel } from './model.js';

/** How the proxy's statistics call a master that has no lease, and so refuses writes. */
export const NO_LEASE = 'no lease';
/** The user for checks. */
const PROBE = 'probe';

/** The nodes that have a role just then. */
export function nodesInRole(role: 'master' | 'replica', endpoint: Endpoint, model: () => RedisModel): TcpTarget {
  return { endpoint, role, check: () => roleCheck(role, model()) };
}

/** One target for each container, whatever it is. */
export function eachOf(endpoint: Endpoint): TcpTarget[] {
  return endpoint.service.instances.map(({ index }) => ({ endpoint, instance: index, role: 'any', check: () => null }));
}

/** What `INFO` must say of a node that gets connections. */
export function roleCheck(role: 'master' | 'replica', { nodes, fencing, downAfterMs }: RedisModel): TcpCheck {
  const lease = role === 'master' && fencing === 'lease';
  const expect =
    role === 'replica'
      ? [
          { pattern: 'role:slave', otherwise: 'not a replica' },
          { pattern: 'master_link_status:up', otherwise: 'not in sync' },
        ]
      : [
          { pattern: 'role:master', otherwise: 'not a master' },
          // With min-replicas-to-write, a master takes writes only with a replica.
          ...(nodes.minReplicasToWrite > 0
            ? [{ pattern: 'min_slaves_good_slaves:[1-9]', otherwise: 'no replica in sync' }]
            : []),
          ...(lease ? [{ pattern: 'rplease_writable:1', otherwise: NO_LEASE }] : []),
        ];
  return {
    secret: nodes.users.find(({ name }) => name === PROBE)?.secret ?? '',
    // The Sentinels call a master down after downAfter; the proxy gives up on it then, and not before.
    silenceMs: role === 'master' ? downAfterMs + 100 : 600,
    dialogue: [
      { say: [`AUTH ${PROBE} {password}`], expect: [{ text: '+OK' }] },
      // Without QUIT a check that does not match would wait for its whole time-out.
      { say: [`INFO replication${fencing === 'lease' ? ' rplease' : ''}`, 'QUIT'], expect },
    ],
  };
}
