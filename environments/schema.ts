import { z } from 'zod';
import { ContainerImage } from '../constructs/core/container-image.js';
import { PlatformError } from '../constructs/core/platform-error.js';
import { Duration, type DurationText, Size, type SizeText } from '../constructs/core/units.js';
import { isDay, REASON, SHORTEST_REASON, UNTIL } from '../constructs/core/policy-exception.js';
import { DURABILITIES } from '../constructs/api/durability.js';
import { type ApiSettings, resolveApi } from '../constructs/api/model.js';
import { HTTP_SERVICE_RANGES } from '../constructs/http/model.js';
import { DURATION_FIX, type Range, type SettingProblem, SIZE_FIX } from '../constructs/core/model.js';
import { type LogStackProps, LOG_RANGES, resolveLogs } from '../constructs/logging/model.js';
import { baseCidrProblem } from '../constructs/core/address-plan.js';
import { HTTP_RANGES } from '../constructs/proxy/model.js';
import { BACKUP_RANGES, type BackupsSchedule, resolveBackups } from '../constructs/redis/backups-model.js';
import { MASTER_NAME, REDIS_RANGES, resolveRedis } from '../constructs/redis/model.js';
import { EVICTION_POLICIES, FSYNC } from '../constructs/redis/persistence.js';

/** Every message says what is allowed and what to do, parted by a bar; the path and the value are added below. */
const message = (allowed: string, fix: string) => `${allowed}|${fix}`;

/** A check of our own that, unlike zod's, does not keep rules over several settings from being checked too. */
const own = <T>(isRight: (value: unknown) => boolean, error: string) => z.custom<T>(isRight, { error, abort: false });

const size = ([min, max]: Range<SizeText>) => {
  const [low, high] = [Size.parse(min)?.toBytes() ?? 0, Size.parse(max)?.toBytes() ?? 0];
  const error = message(`a size from ${min} to ${max}`, SIZE_FIX);
  return own<SizeText>(isSize, error).transform((text) => Size.parse(text) ?? Size.bytes(0));
  function isSize(value: unknown): boolean {
    const bytes = typeof value === 'string' ? Size.parse(value)?.toBytes() : undefined;
    return bytes !== undefined && bytes >= low && bytes <= high;
  }
};

const duration = ([min, max]: Range<DurationText>) => {
  const [low, high] = [Duration.parse(min)?.toMilliseconds() ?? 0, Duration.parse(max)?.toMilliseconds() ?? 0];
  const error = message(`a duration from ${min} to ${max}`, DURATION_FIX);
  return own<DurationText>(isDuration, error).transform((text) => Duration.parse(text) ?? Duration.seconds(0));
  function isDuration(value: unknown): boolean {
    const length = typeof value === 'string' ? Duration.parse(value)?.toMilliseconds() : undefined;
    return length !== undefined && length >= low && length <= high;
  }
};

const whole = ([min, max]: Range<number>, fix = 'Use a whole number in this range.') => {
  const error = message(`a whole number from ${min} to ${max}`, fix);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: message(values.join(', '), 'Choose one of them.') });

const text = (pattern: RegExp, allowed: string, example: string) => {
  const error = message(allowed, `Use e.g. '${example}'.`);
  return z.string({ error }).regex(pattern, { error });
};

const yesNo = z.boolean({ error: message('true or false', 'Use one of them, without quotes.') });

const reasonText = z
  .string({ error: message(REASON.allowed, REASON.fix) })
  .trim()
  .min(SHORTEST_REASON, { error: message(REASON.allowed, REASON.fix) });

/** Ports below 1024 are reserved for privileged processes, on most machines. */
const port = whole([1024, 65_535], 'Ports below 1024 are reserved; use e.g. the declared one plus 10000.');

const object = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? message(Object.keys(shape).join(', '), 'Remove it, or correct its spelling.')
        : message(`an object with ${Object.keys(shape).join(', ')}`, 'Write { ... }.'),
  });

/** For rules over several settings: they are checked even where some setting is wrong, so that all problems show at once. */
const together = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null };

const limits = object({
  memory: size(['16MiB', '64GiB']).optional(),
  cpus: z
    .number({ error: message('a number of cores from 0.1 to 64', 'Use e.g. 0.5.') })
    .min(0.1)
    .max(64)
    .optional(),
});

const savePoint = object({ seconds: whole(REDIS_RANGES.seconds), changes: whole(REDIS_RANGES.changes) });

const appendOnly = z.union(
  [
    z.literal('off'),
    object({
      fsync: oneOf(FSYNC),
      rewritePercentage: whole(REDIS_RANGES.rewritePercentage),
      rewriteMinSize: size(REDIS_RANGES.rewriteMinSize),
    }),
  ],
  {
    error: message("'off', or { fsync, rewritePercentage, rewriteMinSize }", 'Leave it out for everysec, 100, 64MiB.'),
  },
);

const redis = object({
  replicas: whole(REDIS_RANGES.replicas, 'Use 0 for a master without replicas.').optional(),
  sentinels: whole(REDIS_RANGES.sentinels, 'Use 3.').optional(),
  quorum: whole(REDIS_RANGES.sentinels, 'Leave it out for the smallest majority.').optional(),
  masterName: text(MASTER_NAME.pattern, MASTER_NAME.allowed, MASTER_NAME.example).optional(),
  savePoints: z
    .array(savePoint, { error: message('a list of { seconds, changes }', 'Use [] for no snapshots.') })
    .optional(),
  appendOnly: appendOnly.optional(),
  maxMemory: size(REDIS_RANGES.maxMemory).optional(),
  evictionPolicy: oneOf(EVICTION_POLICIES).optional(),
  /** The nodes then run the image that can: see images/redis-defrag. */
  activeDefrag: yesNo.optional(),
  minReplicasToWrite: whole(REDIS_RANGES.replicas).optional(),
  downAfter: duration(REDIS_RANGES.downAfter).optional(),
  failoverTimeout: duration(REDIS_RANGES.failoverTimeout).optional(),
  fencing: oneOf(['lease', 'off']).optional(),
  limits: limits.optional(),
});

const api = object({
  image: own<ContainerImage>(
    (value) => value instanceof ContainerImage,
    message('a ContainerImage', "Use e.g. ContainerImage.fromDirectory('images/shop')."),
  ).optional(),
  replicas: whole(HTTP_SERVICE_RANGES.replicas).optional(),
  port: port.optional(),
  /** What a 2xx answer to a write stands for; see ApiServiceProps. */
  durability: oneOf(DURABILITIES).optional(),
  environment: z
    .record(z.string().regex(/^[^\s=]+$/), z.string({ error: message('a text', "Write { NAME: 'value' }.") }), {
      error: message('texts by names without = and spaces', "Write { NAME: 'value' }."),
    })
    .optional(),
  limits: limits.optional(),
  drain: duration(HTTP_SERVICE_RANGES.drain).optional(),
});

const proxy = object({
  ports: object({
    http: port,
    redisMaster: port,
    redisReplicas: port,
    /** Of the first Sentinel; the others follow. */
    sentinels: port,
    stats: port,
    /** Of the first node; the others follow. Left out, nodes are not published. */
    nodes: port.optional(),
    /** For `npm run logs`. Left out, logs are stored but not reachable from the host. */
    elasticsearch: port.optional(),
    /** Where there is Kibana: see logs.flavour. */
    kibana: port.optional(),
  }),
  balance: oneOf(['roundrobin', 'leastconn']).optional(),
  checkInterval: duration(HTTP_RANGES.checkInterval).optional(),
  fall: whole(HTTP_RANGES.fall).optional(),
  rise: whole(HTTP_RANGES.rise).optional(),
  maxConnections: whole(HTTP_RANGES.maxConnections).optional(),
  queueTimeout: duration(HTTP_RANGES.queueTimeout).optional(),
  responseTimeout: duration(HTTP_RANGES.responseTimeout).optional(),
  maxRequestSize: size(HTTP_RANGES.maxRequestSize).optional(),
  limits: limits.optional(),
});

const logs = object({
  /** `auto`: what fits into the engine's memory; `elastic` where an image registry answers, else `debian`, else `off`. */
  flavour: oneOf(['auto', 'elastic', 'debian', 'off']).optional().default('auto'),
  heap: size(LOG_RANGES.heap).optional(),
  memory: size(LOG_RANGES.memory).optional(),
  index: z.string({ error: message('a text', "Use e.g. 'platform-logs'.") }).optional(),
  retention: object({
    maxAge: duration(LOG_RANGES.maxAge).optional(),
    maxSize: size(LOG_RANGES.maxSize).optional(),
  }).optional(),
});
/** Left out, backups are taken by `npm run backup` alone. */
const backups = object({
  every: duration(BACKUP_RANGES.every).optional(),
  keep: object({
    count: whole(BACKUP_RANGES.count, 'The newest is always kept.').optional(),
    maxAge: duration(BACKUP_RANGES.maxAge).optional(),
  }).optional(),
});

/** Another address of the host than 127.0.0.1, by which other machines reach the platform. */
const publishOn = object({
  address: text(
    /^(?!127\.)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/,
    'an IPv4 address other than loopback',
    '192.168.1.10',
  ),
  reason: reasonText,
});

const exception = object({
  policy: text(/^[a-z][a-z0-9-]*$/, "a policy's id (`npm run policies` lists them)", 'read-only-root'),
  subject: text(/^\S+$/, "a service's name, or that of a Terraform resource of none", 'proxy'),
  reason: reasonText,
  until: own<string>((value) => typeof value === 'string' && isDay(value), message(UNTIL.allowed, UNTIL.fix)),
});

const environment = object({
  name: text(/^[a-z][a-z0-9]{0,15}$/, 'a lower-case letter, then up to 15 of a-z and 0-9', 'dev'),
  network: object({
    baseCidr: z
      .string({ error: message('a private /20', "Use e.g. '10.213.0.0/20'.") })
      .superRefine((cidr, context) => {
        const problem = baseCidrProblem(cidr);
        if (problem) context.addIssue({ code: 'custom', message: message(problem.allowed, problem.fix) });
      }),
    /** Where ports are published. @default 127.0.0.1 */
    publishOn: publishOn.optional(),
  }),
  redis: redis.optional().default({}),
  /** Backups on a schedule, beside the data; see ScheduledBackupsProps. @default none */
  backups: backups.optional(),
  api: api.optional().default({}),
  proxy,
  logs: logs.optional().default({ flavour: 'auto' }),
  /** Policies that are broken knowingly, for a time. */
  exceptions: z
    .array(exception, { error: message('a list of { policy, subject, reason, until }', 'Leave it out for none.') })
    .optional(),
}).superRefine((value, context) => {
  for (const { setting, allowed, fix } of settingProblems(value, context.issues)) {
    context.addIssue({ code: 'custom', path: setting.split('.'), message: message(allowed, fix) });
  }
  const names = new Map<number, string>();
  for (const [name, hostPort] of publishedPorts(value)) {
    const other = names.get(hostPort);
    const path = ['proxy', 'ports', name];
    if (other !== undefined) {
      const fix = `${other} has it already; choose another one.`;
      context.addIssue({ code: 'custom', path, message: message('a port that nothing else uses', fix) });
    } else if (hostPort > 65_535) {
      context.addIssue({ code: 'custom', path, message: message('ports up to 65535', 'Start the range lower.') });
    }
    names.set(hostPort, name);
  }
}, together);

/** What the constructs say of the settings together; those that are wrong by themselves are taken as left out. */
function settingProblems(
  value: unknown,
  issues: readonly { readonly path?: readonly PropertyKey[] | undefined }[],
): SettingProblem[] {
  const right = (section: string): Record<string, unknown> => {
    const broken = new Set(issues.map(({ path }) => (path?.[0] === section ? path[1] : undefined)));
    const given = valueAt(value, [section]);
    const settings = Object.entries(typeof given === 'object' && given !== null ? given : {});
    return Object.fromEntries(settings.filter(([name, setting]) => setting !== undefined && !broken.has(name)));
  };
  const redis = resolveRedis('redis', right('redis'));
  const flavour = valueAt(value, ['logs', 'flavour']) === 'debian' ? 'debian' : 'elastic';
  return Object.entries({
    redis,
    api: resolveApi('api', right('api') as ApiSettings, redis.model),
    backups: resolveBackups('backups', right('backups') as BackupsSchedule, redis.model),
    logs: resolveLogs('logs', { ...(right('logs') as Partial<LogStackProps>), flavour }),
  }).flatMap(([section, { problems }]) =>
    problems.map((problem) => ({ ...problem, setting: `${section}.${problem.setting}` })),
  );
}

/** How an environment is written. */
export type EnvironmentInput = z.input<typeof environment>;
/** A checked environment, with sizes and durations instead of texts. What was left out is not there, never undefined. */
export type Environment = Given<z.output<typeof environment>>;

type Given<T> = T extends Size | Duration | ContainerImage | readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]: Given<Exclude<T[K], Partial<Pick<T, K>> extends Pick<T, K> ? undefined : never>> }
    : T;

/** Each host port with the setting it comes from; Sentinels and nodes have a range. */
function publishedPorts(value: unknown): [string, number][] {
  const count = (setting: string, otherwise: number): number => {
    const given = valueAt(value, ['redis', setting]);
    return isWhole(given) && given >= 0 && given <= 16 ? given : otherwise;
  };
  const counts: Record<string, number> = { sentinels: count('sentinels', 3), nodes: 1 + count('replicas', 2) };
  return Object.entries(valueAt(value, ['proxy', 'ports']) ?? {}).flatMap(([name, first]: [string, unknown]) =>
    isWhole(first) && first <= 65_535
      ? Array.from({ length: counts[name] ?? 1 }, (_, index): [string, number] => [name, first + index])
      : [],
  );
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/**
 * Checks an environment.
 * @throws PlatformError that lists all problems, each with its path, value, what is allowed and what to do
 */
export function parseEnvironment(input: unknown): Environment {
  const result = environment.safeParse(input, { reportInput: true });
  if (result.success) return withoutUndefined(result.data) as Environment;
  const problems = result.error.issues.flatMap((issue) => {
    const [allowed = '', fix = 'Correct it.'] = issue.message.split('|');
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({
      what: `${path.join('.') || 'the environment'} ${issue.code === 'unrecognized_keys' ? 'is not a known setting' : 'cannot be used'}`,
      got: valueAt(input, path) ?? 'nothing',
      allowed,
      fix,
    }));
  });
  // One value can break several rules of the same kind; the reader needs it once.
  const unique = new Map(problems.map((problem) => [problem.what + problem.fix, problem]));
  throw PlatformError.all([...unique.values()]);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

function withoutUndefined(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const given = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(given.map(([key, entry]) => [key, withoutUndefined(entry)]));
}
