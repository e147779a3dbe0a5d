import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Topology } from '../../constructs/core/topology.js';
import { Duration } from '../../constructs/core/units.js';
import { modelsOf } from '../../constructs/models.js';
import { OLD_SESSIONS_END_WITHIN } from '../../constructs/proxy/render-config.js';
import type { Context } from '../context.js';
import { readOutputs } from '../outputs.js';
import { changedSecrets } from '../deployment/secrets-in-use.js';
import { redisServices } from '../status/addresses.js';
import { gatherStatus } from '../status/gather.js';
import type { ContainerStatus, Status } from '../status/status.js';
import type { DeclaredSession, PrepareOptions } from '../session/session.js';
import { confirm } from '../terminal/ask.js';
import { runSteps, type Say, type StepOptions } from '../terminal/steps.js';
import { type Change, readChanges } from './changes.js';
import { describeRollout } from './describe.js';
import { outageReasons } from './outage.js';
import { acceptOldAndNew, withoutOverlap, withOverlap } from './overlap.js';
import { reloadFiles, rereading } from './reload.js';
import { rollOut } from './run.js';
import { stopAll } from './stop-all.js';
import { addsNodes, interrupts } from './waves.js';

export interface ChangeOptions extends PrepareOptions, StepOptions {
  /** Do not ask before everything has to stop. @default false */
  readonly yes?: boolean;
}

/** What a change works with. */
export interface Running extends DeclaredSession<ChangeOptions> {
  /** How it is before the change. */
  readonly status: Status;
  /** Whether it was known before this change which secrets what runs uses. */
  readonly secretsKnown: boolean;
}

/** Longer than a failover, and than a busy machine keeps everybody waiting. */
const PATIENCE = Duration.seconds(10);

/**
 * How it is before a change. Where all seems to run but no master answers, it is looked again for a while: taking it for down would replace
 * everything at once.
 * @param look `gatherStatus`
 */
export async function statusBeforeChange(
  look: () => Promise<Status>,
  topology: Topology,
  wait: (milliseconds: number) => Promise<unknown> = pause,
): Promise<Status> {
  for (const deadline = Date.now() + PATIENCE.toMilliseconds(); ;) {
    const status = await look();
    const services = servicesOf(status);
    const whole = services.length > 0 && services.every(({ state }) => state === 'running');
    if (!whole || isServing(status, topology) || Date.now() >= deadline) return status;
    await wait(500);
  }
}

/** Whether clients are served now, so that a change has to take care of them. */
export function isServing(status: Status, topology: Topology): boolean {
  const runs = servicesOf(status).some(({ state }) => state === 'running');
  return runs && (status.redis !== null || redisServices(topology) === undefined);
}

function servicesOf({ containers }: Status): readonly ContainerStatus[] {
  return containers.filter(({ role, supporting }) => role === 'service' && !supporting);
}

/**
 * Brings a platform that serves clients to what is declared: one by one, or, where that cannot be, all at once after a question.
 * @param refresh whether the engine may differ from what Terraform recorded
 * @param replace addresses of what is to be made anew though its declaration did not change
 * @param begin called before the first change, after all questions
 * @throws PlatformError before anything was touched, if everything would have to stop and nobody agreed to that
 */
export async function changeRunning(
  running: Running,
  { refresh, replace }: { readonly refresh: boolean; readonly replace: readonly string[] },
  begin: () => void,
): Promise<void> {
  const { context, engine, terraform, topology, status, options } = running;
  await terraform.init();
  const { json } = await terraform.plan(refresh, replace);
  const { way, changes, lines } = wayOf(json, running);
  if (lines.length > 0) console.log(lines.join('\n'));
  if (way === 'outage') await requireAgreement(context, lines, options);
  const step = (title: string, run: (say: Say) => Promise<unknown>) => runSteps(options, [{ title, run }]);
  begin();
  // It records the declared outputs too, which would be taken for what is deployed if nobody agreed to an outage.
  if (refresh && way !== 'outage') await terraform.refresh();
  let again = replace;
  if (way === 'outage') {
    await step('Stop everything, the proxy first and the Sentinels last', (say) =>
      stopAll(engine.docker, topology, status.redis?.master ?? '', say),
    );
  } else if (way === 'one by one') {
    const ran = new Set(status.containers.flatMap(({ name, state }) => (state === 'running' ? [name] : [])));
    const overlap = withOverlap(changedSecrets(topology, context.paths), topology).length > 0;
    const accept = (only: ReadonlySet<string>) =>
      acceptOldAndNew(engine.docker, topology, context.paths, (name) => only.has(name));
    if (overlap) await step('Accept old and new passwords', () => accept(ran));
    await rollOut(changes, status, {
      topology,
      look: () => gatherStatus(context, engine.docker, topology),
      apply: async (addresses) => {
        await terraform.applyOnly(
          addresses,
          again.filter((address) => addresses.includes(address)),
        );
        again = again.filter((address) => !addresses.includes(address));
        // A proxy that stays learns of new nodes before one of them can be master, and stops asking for leases before nodes give them up.
        const applied = changes.filter(({ address }) => addresses.includes(address));
        const leaseless = modelsOf(topology, 'redis').some(({ fencing }) => fencing === 'off');
        if (leaseless || addsNodes(applied, topology)) await reloadFiles(engine.docker, topology);
      },
      // What did not run before knows nothing of the old passwords yet.
      settled: async (instances) => {
        const unaware = instances.filter((name) => !ran.has(name));
        if (overlap && unaware.length > 0) await accept(new Set(unaware));
      },
      step,
    });
  }
  // What was stopped is not what Terraform recorded.
  await step('Create networks and containers', () => terraform.apply(way === 'outage', again));
}

/** How a plan is carried out on a platform that serves clients. */
interface Way {
  /** `at once` where nothing that runs has to end, or old and new passwords do not accept each other. */
  readonly way: 'one by one' | 'at once' | 'outage';
  readonly changes: readonly Change[];
  /** For people. */
  readonly lines: readonly string[];
}

/** @param json what `terraform show -json` says of the plan */
export function wayOf(
  json: unknown,
  { context, topology, status, secretsKnown }: Pick<Running, 'context' | 'topology' | 'status' | 'secretsKnown'>,
): Way {
  const changes = readChanges(json);
  const reread = rereading(changes, topology).map(
    (name) =>
      `${name} reads its changed files while it runs; connections through it that are open end within ${OLD_SESSIONS_END_WITHIN.toSeconds()} s.`,
  );
  if (!interrupts(changes, topology)) return { way: 'at once', changes, lines: reread };
  const deployed = readOutputs(context, { showSecrets: false }).redis;
  const stops = outageReasons(changes, topology, deployed).length > 0;
  const changed = changedSecrets(topology, context.paths);
  const alien = withoutOverlap(changed, topology);
  if (!stops && (alien.length > 0 || (!secretsKnown && changes.some(({ secretsDiffer }) => secretsDiffer)))) {
    const which = alien.length > 0 ? ` (${alien.join(', ')})` : '';
    const lines = [
      `A password changes${which}: who uses it is replaced together, as old and new do not accept each other.`,
    ];
    return { way: 'at once', changes, lines };
  }
  const roles = { master: status.redis?.master ?? '', unwell: new Set(status.concerned) };
  const lines = describeRollout(changes, topology, { roles, deployed, passwords: withOverlap(changed, topology) });
  return { way: stops ? 'outage' : 'one by one', changes, lines: [...lines, ...(stops ? [] : reread)] };
}

async function requireAgreement(
  { name }: Context,
  lines: readonly string[],
  { yes = false }: ChangeOptions,
): Promise<void> {
  if (yes) return;
  const question = `Clients of ${name} are not served meanwhile; data stays. Go on?`;
  if (process.stdin.isTTY && (await confirm(question))) return;
  throw new PlatformError({
    what: `this change stops all of ${name} for a while`,
    got: `\n${lines.slice(1).join('\n')}\n`,
    allowed: 'yes on a terminal, or the option --yes',
    fix: 'Nothing was touched. Run `npm start -- --yes` at a time when an outage is acceptable: data stays, and the master stays the master.',
  });
}
