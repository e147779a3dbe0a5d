import { type Model, type Range, type Resolved, Rules } from '../core/model.js';
import { Duration, Size } from '../core/units.js';
import { everyUser, type LogUser, logUsers } from './users.js';

/**
 * What the stack is made of. `elastic`: Filebeat, Logstash, Elasticsearch and Kibana from their official images.
 * `debian`: rsyslog and Elasticsearch, for networks without an image registry; without Logstash and Kibana.
 */
export type LogFlavour = 'elastic' | 'debian';

export interface LogStackProps {
  readonly flavour: LogFlavour;
  /** Elasticsearch's heap. @default 512 MiB */
  readonly heap?: Size;
  /** Elasticsearch's container. It needs a good deal beside the heap. @default the heap and 768 MiB */
  readonly memory?: Size;
  /** What is kept: days that ended no longer ago, and no more than this in all. @default 7 days, 2 GiB */
  readonly retention?: { readonly maxAge?: Duration; readonly maxSize?: Size };
  /** What the names of indices begin with; `-2026.11.22` follows. @default 'platform-logs' */
  readonly index?: string;
}

/** Where the lines of all services are kept. */
export interface LogsModel extends Model {
  readonly kind: 'logs';
  readonly flavour: LogFlavour;
  /** Names: Elasticsearch, which is asked for lines, and what ships or shows them. */
  readonly services: { readonly store: string; readonly others: readonly string[] };
  /** Start of index names. */
  readonly index: string;
  readonly heapBytes: number;
  readonly retention: { readonly maxAgeMs: number; readonly maxSizeBytes: number };
  /** Who connects to the store. */
  readonly users: readonly LogUserModel[];
}

export interface LogUserModel {
  readonly name: string;
  /** Name of the secret with the password. */
  readonly secret: string;
  readonly roles: readonly string[];
}

/** What each setting can be, whatever the others are. */
export const LOG_RANGES = {
  heap: ['256MiB', '31GiB'],
  memory: ['512MiB', '64GiB'],
  maxAge: ['1h', '3650d'],
  maxSize: ['64MiB', '10240GiB'],
} as const satisfies Record<string, Range<unknown>>;

/** Beside the heap: code, threads, buffers of the network and of Lucene. Measured: 320 to 430 MiB. */
const LEAST_BESIDE_HEAP = Size.mebibytes(448);
const SERVICES = { elastic: ['filebeat', 'logstash', 'kibana'], debian: ['rsyslog'] } as const;

export function userModel({ name, secret, roles }: LogUser): LogUserModel {
  return { name, secret: secret.name, roles };
}

/** @param id of the construct; secrets begin with it */
export function resolveLogs(id: string, props: LogStackProps): Resolved<LogsModel> {
  const heap = props.heap ?? Size.mebibytes(512);
  const { maxAge = Duration.seconds(7 * 86_400), maxSize = Size.mebibytes(2048) } = props.retention ?? {};
  const model: LogsModel = {
    kind: 'logs',
    name: id,
    flavour: props.flavour,
    services: { store: 'elasticsearch', others: SERVICES[props.flavour] },
    index: props.index ?? 'platform-logs',
    heapBytes: heap.toBytes(),
    retention: { maxAgeMs: maxAge.toMilliseconds(), maxSizeBytes: maxSize.toBytes() },
    users: everyUser(logUsers(id, { kibana: props.flavour === 'elastic' })).map(userModel),
  };
  const rules = new Rules(id);
  rules.size('heap', heap, LOG_RANGES.heap);
  if (props.memory) rules.size('memory', props.memory, LOG_RANGES.memory);
  rules.duration('retention.maxAge', maxAge, LOG_RANGES.maxAge);
  rules.size('retention.maxSize', maxSize, LOG_RANGES.maxSize);
  const least = Size.bytes(heap.toBytes() + LEAST_BESIDE_HEAP.toBytes());
  if (props.memory && props.memory.toBytes() < least.toBytes()) {
    const allowed = `from ${String(least)}: the heap (${String(heap)}) and ${String(LEAST_BESIDE_HEAP)}`;
    rules.refuse('memory', String(props.memory), allowed, 'Leave it out for the heap and 768MiB, or lower the heap.');
  }
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(model.index)) {
    const allowed = 'a-z, 0-9, and after the first character also . _ -; up to 100 characters';
    rules.refuse('index', model.index, allowed, "Use e.g. 'platform-logs': Elasticsearch refuses other names.");
  }
  return { model, problems: rules.problems };
}
