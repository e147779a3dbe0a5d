import { splitDeploymentName } from '../../constructs/core/deployment.js';
import { overlaps } from '../../constructs/core/address-plan.js';
import { narrow } from '../preflight/subnets.js';
import { bad, type Check, type Finding, note, ok, unknown } from './check.js';
import type { DeploymentTrace } from './traces.js';

const state: Check = {
  id: 'state',
  title: 'state and engine of the deployment',
  judge: ({ engine, start }) => {
    if ('error' in engine) return unknown('no engine answers');
    return 'error' in start ? bad({ what: 'a start would be refused', fix: start.error }) : ok('in order');
  },
};

/** One of the checks before a start; whether they could be made says `state`. */
function beforeStart(id: string, title: string, about: 'owner' | 'ports' | 'subnets' | 'memory', well: string): Check {
  return {
    id,
    title,
    judge: ({ start }) => {
      if ('error' in start) return unknown('see `state`');
      const problems = start.value[about];
      return problems.length === 0 ? ok(well) : bad(...problems);
    },
  };
}

const routes: Check = {
  id: 'routes',
  title: "routes of this machine, against the deployment's addresses",
  judge: ({ os, routes: found, baseCidr, windows }) => {
    if (os === 'linux') return ok('see `subnets`, which looks at them');
    if ('error' in found) return unknown(found.error);
    const clashes = narrow(found.value).filter(({ cidr }) => overlaps(cidr, baseCidr));
    if (clashes.length === 0) return ok(`none leads into ${baseCidr}`);
    const got = clashes.map(({ cidr, by }) => `${cidr}, ${by}`).join('; ');
    if (windows?.wslConfig?.settings['networkingmode']?.toLowerCase() !== 'mirrored') {
      return ok(`${got}: in nobody's way, as containers live in a network of the virtual machine and never leave it`);
    }
    return note({
      what: 'WSL has the routes of Windows (networkingMode=mirrored), and some lead where containers are',
      got,
      allowed: `routes outside of ${baseCidr}`,
      fix: 'Use --instance NAME, which picks other addresses, change network.baseCidr in the environment, or leave networkingMode out.',
    });
  },
};

const leftovers: Check = {
  id: 'leftovers',
  title: 'leftovers of interrupted runs',
  judge: ({ leftovers: found }) => {
    if ('error' in found) return unknown("the deployment's engine does not answer");
    if (found.value.length === 0) return ok('none');
    return note({
      what: 'an interrupted run has left something behind',
      got: found.value.join(', '),
      allowed: 'nothing',
      fix: 'Run `npm start` or `npm run down`: both remove it.',
    });
  },
};

const deployments: Check = {
  id: 'deployments',
  title: 'deployments of this checkout',
  judge: ({ deployments: found }) => {
    if ('error' in found) return unknown("the deployment's engine does not answer");
    const problems = found.value.flatMap(halfRemoved);
    return problems.length > 0 ? problems : ok(found.value.map(({ name }) => name).join(', ') || 'none');
  },
};

function halfRemoved({ name, folder, missing, unrecorded, busy, damage }: DeploymentTrace): Finding[] {
  if (busy) return unknown(`a command works on ${name} just now`);
  if (damage !== undefined) return note({ what: `nobody can say what belongs to ${name}`, fix: damage });
  if (unrecorded.length > 0 && missing.length === 0 && folder !== 'there') {
    return note({
      what: `${name} has lost its folder .platform/${name}, and with it passwords and state; on the engine it is still there`,
      got: unrecorded.join(', '),
      allowed: 'a folder for each deployment',
      fix: `Bring the folder back if you have it. Else run \`${command('down', name)}\`, which removes them; data volumes stay.`,
    });
  }
  if (unrecorded.length > 0) {
    return note({
      what: `${name} has more on the engine than its state lists`,
      got: unrecorded.join(', '),
      allowed: 'what the state lists',
      fix: `Run \`${command('start', name)}\` or \`${command('down', name)}\`: both remove it.`,
    });
  }
  if (missing.length > 0) {
    return note({
      what: `somebody has removed parts of ${name} from the engine`,
      got: missing.join(', '),
      allowed: 'what the state lists',
      fix: `Run \`${command('start', name)}\`, which makes them again, or \`${command('down', name)}\` to remove the rest. Data volumes stay.`,
    });
  }
  if (folder === 'empty') {
    return note(
      {
        what: `nothing is left of ${name} but an empty folder`,
        got: `.platform/${name}`,
        allowed: 'no folder without a deployment',
        fix: 'Run `npm run doctor -- --fix`, which removes it.',
      },
      { kind: 'remove empty folder', folder: `.platform/${name}` },
    );
  }
  return [];
}

/** For any shell, PowerShell too, which drops the dashes that npm needs. */
function command(verb: string, deployment: string): string {
  const { environment, instance } = splitDeploymentName(deployment);
  return `node platform ${verb} --env ${environment}${instance === undefined ? '' : ` --instance ${instance}`}`;
}

const strays: Check = {
  id: 'strays',
  title: 'files of commands that were ended half-way',
  judge: ({ strays: found }) => {
    if (found.length === 0) return ok('none');
    return note(
      {
        what: 'commands that were ended half-way have left files, which nothing needs',
        got: found.map(({ path, kind }) => `${path} (${kind})`).join(', '),
        allowed: 'nothing',
        fix: 'Run `npm run doctor -- --fix`, which removes them.',
      },
      { kind: 'remove files', files: found.map(({ path }) => path) },
    );
  },
};

/** What concerns the deployments of this checkout. */
export const deploymentChecks: readonly Check[] = [
  state,
  beforeStart('owner', 'whose deployment it is', 'owner', "this checkout's, or nobody's"),
  beforeStart('ports', 'ports', 'ports', 'free'),
  beforeStart('subnets', 'addresses', 'subnets', 'free'),
  routes,
  beforeStart('log-memory', 'memory of the log stack', 'memory', 'enough'),
  leftovers,
  deployments,
  strays,
];
