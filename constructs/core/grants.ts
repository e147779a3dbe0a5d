import type { Grant } from './grant.js';
import { Rules } from './model.js';
import { PlatformError } from './platform-error.js';
import type { Service } from './service.js';

/** What a client is told under which names. */
export interface GrantOptions<Setting extends string> {
  /** Names of environment variables that the image wants instead. @default the platform's own */
  readonly settings?: Readonly<Partial<Record<Setting, string>>>;
}

/** One client's. */
export interface Granted<Access extends string, Setting extends string> extends Grant {
  readonly access: Access;
  /** Names of environment variables. */
  readonly settings: Readonly<Record<Setting, string>>;
}

export interface GrantsProps<Access extends string, Setting extends string> {
  readonly kind: string;
  /** Of the model. */
  readonly name: string;
  /** The words that there are. */
  readonly accesses: readonly Access[];
  /** Environment variables that a client is told, by the platform's own names. */
  readonly settings: readonly Setting[];
  /** Users of the target itself, whose names no client can have. @default there are none */
  readonly isReserved?: (client: string) => boolean;
}

const SETTING = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What a construct lets other services do: with each of them, one thing. */
export class Grants<Access extends string, Setting extends string> {
  private readonly byClient = new Map<string, Granted<Access, Setting>>();

  /** @param target the service that is used */
  constructor(
    private readonly target: Service,
    private readonly props: GrantsProps<Access, Setting>,
  ) {}

  /** By name of the client: the order of calls has no meaning. */
  get all(): readonly Granted<Access, Setting>[] {
    return [...this.byClient.values()].sort((a, b) => (a.client < b.client ? -1 : 1));
  }
  /** As topology.json has them. */
  get described(): readonly Grant[] {
    return this.all.map(({ client, kind, target, access, prefix }) => ({ client, kind, target, access, prefix }));
  }

  /**
   * @param check more that must hold
   * @returns undefined where exactly this was granted before
   * @throws PlatformError with all that cannot be
   */
  add(
    client: Service,
    access: Access,
    { settings, prefix = null }: GrantOptions<Setting> & { readonly prefix?: string | null },
    check: (rules: Rules) => void = () => undefined,
  ): Granted<Access, Setting> | undefined {
    const { kind, name: target, accesses, settings: known, isReserved } = this.props;
    const rules = new Rules(`${target}.grant(${client.name})`);
    const own = Object.fromEntries(known.map((name) => [name, settings?.[name] ?? name])) as Record<Setting, string>;
    const grant = { client: client.name, kind, target, access, prefix, settings: own };
    const [here, there] = [this.target, client].map(({ deployment }) => deployment.name);
    if (here !== there) {
      const fix = 'Grant it to a service of the same stack: no packet gets from one deployment to another.';
      rules.refuse('client', `a service of ${there ?? ''}`, `a service of ${here ?? ''}`, fix);
    }
    if (isReserved?.(client.name) === true) {
      const allowed = `a service that is called otherwise than the users of ${target} itself`;
      rules.refuse('client', client.name, allowed, `Give the service another name, e.g. \`${client.name}-client\`.`);
    }
    rules.oneOf('access', access, accesses);
    check(rules);
    checkSettings(rules, settings ?? {}, grant.settings);
    const said = this.byClient.get(client.name);
    if (said && JSON.stringify(said) !== JSON.stringify(grant)) {
      const fix = 'A service is one user: grant once what it needs at most.';
      rules.refuse('access', inFull(grant), `what was granted to it before: ${inFull(said)}`, fix);
    }
    if (rules.problems.length > 0) throw PlatformError.all(rules.problems);
    if (said) return undefined;
    this.byClient.set(client.name, grant);
    return grant;
  }
}

function checkSettings(
  rules: Rules,
  given: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, string>>,
): void {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(own, name));
  if (unknown.length > 0) {
    rules.refuse('settings', unknown.join(', '), Object.keys(own).join(', '), 'Map one of these to your own name.');
  }
  const names = Object.values(own);
  const unusable = names.filter((name, index) => !SETTING.test(name) || names.indexOf(name) !== index);
  if (unusable.length > 0) {
    const allowed = 'letters, digits and _, no digit first, each name once';
    rules.refuse('settings', unusable.join(', '), allowed, 'Use e.g. `CACHE_USER`.');
  }
}

function inFull({ access, prefix, settings }: Granted<string, string>): string {
  const mapped = Object.entries(settings).filter(([name, own]) => name !== own);
  const names = mapped.map(([name, own]) => `${name} as ${own}`);
  return [access, prefix === null ? 'all of it' : `what begins with ${prefix}`, ...names].join(', ');
}

/** Environment variables of a client, by the names that it wants. No password is among them. */
export function namedSettings<Setting extends string>(
  { settings }: Pick<Granted<string, Setting>, 'settings'>,
  values: Readonly<Partial<Record<Setting, string>>>,
): Record<string, string> {
  const given = Object.entries(values) as [Setting, string][];
  return Object.fromEntries(given.map(([name, value]) => [settings[name], value]));
}
