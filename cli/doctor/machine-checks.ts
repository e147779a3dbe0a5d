import { compareVersions } from '../bootstrap/programs.mjs';
import { bad, type Check, note, ok, unknown } from './check.js';
import { homeOf, type StartFacts } from './facts.js';
import { gibibytes } from './size.js';

/** Images, the provider and dependencies take 2 GiB; Elasticsearch writes nothing any more when its disk is nearly full. */
const LEAST_DISK = 5 * 1024 ** 3;
/** Lines of Node that still get fixes. */
const TESTED_NODES = [20, 22, 24];

const node: Check = {
  id: 'node',
  title: 'Node.js',
  judge: ({ node: version }) => {
    const major = Number(version.split('.')[0]);
    if (TESTED_NODES.includes(major)) return ok(version);
    return note({
      what: 'this line of Node.js is not among those that are tested',
      got: version,
      allowed: TESTED_NODES.join(', '),
      fix: 'Install one of them if something odd happens.',
    });
  },
};

/** Of Windows 10 22H2, and of the oldest macOS that gets fixes: Docker Desktop wants no older ones. */
const OLDEST_SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { win32: '10.0.19045', darwin: '14' };

const system: Check = {
  id: 'system',
  title: 'operating system',
  judge: ({ os, osVersion }) => {
    const oldest = OLDEST_SYSTEMS[os];
    if (oldest === undefined) return ok(os);
    if (osVersion === '') return unknown('it does not say its version');
    if (compareVersions(osVersion, oldest) >= 0) return ok(`${os} ${osVersion}`);
    return note({
      what: 'Docker Desktop is not made for a system as old as this',
      got: `${os} ${osVersion}`,
      allowed: `from ${oldest}`,
      fix: os === 'win32' ? 'Run Windows Update.' : 'Run Software Update, in System Settings.',
    });
  },
};

const nodeBuild: Check = {
  id: 'node-build',
  title: 'build of Node.js',
  judge: ({ os, arch, processor, environment }) => {
    const isArm = /^Apple /.test(processor) || /ARMv8|ARM64/i.test(environment['PROCESSOR_IDENTIFIER'] ?? '');
    if (arch !== 'x64' || !isArm) return ok(`${os}, ${arch}`);
    return note({
      what: 'Node.js is made for another processor than this one, which translates it: everything takes longer',
      got: `x64 on ${processor}`,
      allowed: 'arm64',
      fix:
        os === 'darwin'
          ? 'Install the build for Apple silicon (`brew install node@22`).'
          : 'Install the build for ARM64 from nodejs.org.',
    });
  },
};

const git: Check = {
  id: 'git',
  title: 'git',
  judge: ({ git: found }) =>
    'value' in found
      ? ok(found.value)
      : note({
          what: '`npm run review` compares with another commit, and there is no git',
          fix: 'Install it from git-scm.com; everything else does without.',
        }),
};

const closedFolders: Check = {
  id: 'path',
  title: 'folders of PATH',
  judge: ({ closedFolders: found }) =>
    found.length === 0
      ? ok('all can be looked into')
      : note({
          what: 'programs are not found in folders of PATH that this user may not look into',
          got: found.join(', '),
          allowed: 'folders that this user can read',
          fix: 'Take them out of PATH, or give yourself the right to read them.',
        }),
};

const terraform: Check = {
  id: 'terraform',
  title: 'Terraform',
  judge: ({ terraform: found }) =>
    'value' in found
      ? ok(`${found.value.version} (${found.value.binary})`)
      : bad({ what: 'Terraform cannot be used', fix: found.error }),
};

/** Variables by which Node, OpenSSL and others are told of a company's CA. */
const CA_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

const certificates: Check = {
  id: 'ca-files',
  title: 'company CA',
  judge: ({ environment, fileExists }) => {
    const named = CA_VARIABLES.flatMap((name) => {
      const path = environment[name];
      return path === undefined || path === '' ? [] : [{ name, path }];
    });
    const missing = named.filter(({ path }) => !fileExists(path));
    if (missing.length > 0) {
      return bad(
        ...missing.map(({ name, path }) => ({
          what: `${name} names a file that is not there`,
          got: path,
          allowed: 'a file of certificates in PEM form',
          fix: 'Correct or unset it: without the CA, downloads through the company proxy fail.',
        })),
      );
    }
    return ok(named.length === 0 ? 'none named' : named.map(({ name, path }) => `${name}=${path}`).join(', '));
  },
};

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

const proxies: Check = {
  id: 'proxy',
  title: 'proxy for downloads',
  judge: ({ environment }) => {
    const named = PROXY_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [{ name, value }];
    });
    const onLoopback = named.filter(({ value }) => /^(\w+:\/\/)?([^@/]*@)?(localhost|127\.|\[::1\])/i.test(value));
    if (onLoopback.length > 0) {
      const [{ name, value } = { name: '', value: '' }] = onLoopback;
      return note({
        what: 'the proxy listens on this machine only, where builds in containers do not reach it',
        got: `${name}=${withoutLogin(value)}`,
        allowed: 'an address that containers reach',
        fix: 'Let it listen on an address of this machine too, and name that one.',
      });
    }
    return ok(
      named.length === 0 ? 'none' : named.map(({ name, value }) => `${name}=${withoutLogin(value)}`).join(', '),
    );
  },
};

/** A proxy's address may hold a password. */
function withoutLogin(url: string): string {
  return url.replace(/(\/\/|^)[^@/]*@/, '$1');
}

const disk: Check<StartFacts> = {
  id: 'disk',
  title: 'disk of the checkout',
  judge: ({ freeDiskBytes }) => {
    if (freeDiskBytes === undefined) return unknown('it does not say how much is free');
    const got = `${gibibytes(freeDiskBytes)} free`;
    if (freeDiskBytes >= LEAST_DISK) return ok(got);
    return bad({
      what: 'the disk is nearly full',
      got,
      allowed: `from ${gibibytes(LEAST_DISK)}`,
      fix: 'Make room: `docker system df` shows what images and build caches take.',
    });
  },
};

/** Below this, systems write memory to the disk, and a Redis that waits for it counts as gone. */
const LEAST_FREE_MEMORY = 1024 ** 3;

const freeMemory: Check = {
  id: 'free-memory',
  title: 'memory that is free now',
  judge: ({ machineMemory: { freeBytes, totalBytes }, engine, os }) => {
    if ('value' in engine && homeOf(engine.value, os) === 'another machine')
      return ok("the engine's is on another machine");
    const got = `${gibibytes(freeBytes)} of ${gibibytes(totalBytes)}`;
    if (freeBytes >= LEAST_FREE_MEMORY) return ok(got);
    return note({
      what: 'this machine has little memory left: failovers happen where it writes memory to its disk',
      got,
      allowed: `from ${gibibytes(LEAST_FREE_MEMORY)}`,
      fix: 'End what you do not use.',
    });
  },
};

const lineEnds: Check = {
  id: 'line-ends',
  title: 'line ends of what goes into containers',
  judge: ({ lineEnds: { files, autocrlf } }) => {
    const setting = autocrlf === undefined ? '' : `, core.autocrlf=${autocrlf}`;
    if (files.length === 0) return ok(`LF${setting}`);
    return note(
      {
        what: 'files that go into containers have CRLF; our builds send LF, but `docker build` by hand would not, and scripts fail with it',
        got: `${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''}${setting}`,
        allowed: 'LF, as .gitattributes has it',
        fix: 'Run `npm run doctor -- --fix`, which replaces it, and let your editor keep LF.',
      },
      { kind: 'line ends', files },
    );
  },
};

const checkout: Check<StartFacts> = {
  id: 'checkout',
  title: 'place of the checkout',
  judge: ({ project }) => {
    const shared = project.startsWith('\\\\');
    const synchronized = /[\\/](OneDrive|Dropbox|iCloud ?Drive|Google ?Drive)\b/i.test(project);
    if (!shared && !synchronized) return ok(project);
    return note({
      what: shared
        ? 'the checkout is on a shared drive, and so are the passwords under .platform'
        : 'a program copies this folder to other machines, with the passwords under .platform, and locks files while it does',
      got: project,
      allowed: 'a folder of your own on this machine',
      fix: 'Move the checkout, e.g. to a folder `src` in your profile.',
    });
  },
};

/** Without another program in between, each takes a millisecond. */
const SLOW_CHANGE_MS = 500;

const fileChanges: Check = {
  id: 'file-changes',
  title: 'writing and renaming files',
  judge: ({ fileChanges: found, project }) => {
    if ('error' in found) return unknown(found.error);
    const { changes, refused, slowestMs } = found.value;
    const got = `${refused.length} of ${changes} refused${refused.length === 0 ? '' : ` (${[...new Set(refused)].join(', ')})`}, the slowest took ${slowestMs} ms`;
    if (refused.length === 0 && slowestMs < SLOW_CHANGE_MS) return ok(got);
    return note({
      what: 'another program opens files as soon as they are written: commands try again for a while, and take longer',
      got,
      allowed: `none refused, each below ${SLOW_CHANGE_MS} ms`,
      fix: `Let virus scanners, indexers and programs that copy files leave out ${project}.`,
    });
  },
};

const provider: Check = {
  id: 'provider',
  title: 'Terraform provider that was built here',
  judge: ({ wrongProvider }) =>
    wrongProvider === undefined
      ? ok('nothing wrong')
      : note({
          what: 'a file stands in its place that is cut off, or for another system',
          got: wrongProvider,
          fix: 'None is needed: the next start builds it again.',
        }),
};

const dockerVariables: Check = {
  id: 'docker-variables',
  title: 'variables that choose the engine',
  judge: ({ environment }) => {
    const [host, context] = [environment['DOCKER_HOST'], environment['DOCKER_CONTEXT']];
    if (host && context) {
      return bad({
        what: 'two variables choose the engine, and tools disagree which one counts',
        got: `DOCKER_HOST=${host}, DOCKER_CONTEXT=${context}`,
        allowed: 'one of them',
        fix: 'Unset one.',
      });
    }
    return ok(
      host ? `DOCKER_HOST=${host}` : context ? `DOCKER_CONTEXT=${context}` : 'none: the current context counts',
    );
  },
};

/** What concerns this machine, whatever the engine. */
export const machineChecks: readonly Check[] = [
  system,
  node,
  nodeBuild,
  terraform,
  git,
  closedFolders,
  certificates,
  proxies,
  disk,
  freeMemory,
  checkout,
  lineEnds,
  fileChanges,
  provider,
  dockerVariables,
];

/** Those that a start looks at, too. */
export const cheapMachineChecks: readonly Check<StartFacts>[] = [disk, checkout];
