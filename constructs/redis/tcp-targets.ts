import type { Endpoint } from '../core/endpoint.js';
import type { Offer, OfferRole } from '../core/output.js';
import type { TcpCheck } from '../proxy/model.js';
import type { TcpTarget } from '../proxy/targets.js';
import type { RedisModel } from './model.js';
import type { User } from './users.js';

/** How the proxy's statistics call a master that has no lease, and so refuses writes. */
export const NO_LEASE = 'no lease';
/** The user for checks. */
const PROBE = 'probe';

/** What all of its targets say. */
interface Offered {
  readonly what: string;
  readonly user: User;
  readonly masterName: string;
}

/** The nodes that have a role just then. */
export function nodesInRole(
  role: 'master' | 'replica',
  endpoint: Endpoint,
  offered: Offered,
  model: () => RedisModel,
): TcpTarget {
  return {
    endpoint,
    role,
    check: () => roleCheck(role, model()),
    scheme: 'redis',
    offer: () => offerOf(offered, role, endpoint),
  };
}

/** One target for each container, whatever it is. */
export function eachOf(kind: 'node' | 'sentinel', endpoint: Endpoint, offered: Offered): TcpTarget[] {
  return endpoint.service.instances.map(({ index }) => ({
    endpoint,
    instance: index,
    role: 'any',
    check: () => null,
    scheme: 'redis',
    offer: () => offerOf(offered, kind, endpoint, index),
  }));
}

function offerOf({ what, user, masterName }: Offered, role: OfferRole, endpoint: Endpoint, only?: number): Offer {
  const addresses = only === undefined ? endpoint.addresses : [endpoint.address(only)];
  const inside = addresses.map((address) => `${address}:${endpoint.port}`);
  return { what, user: user.name, secret: user.secret.name, settings: { role, masterName, inside } };
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
