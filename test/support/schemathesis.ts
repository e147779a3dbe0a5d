import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { stateFolder } from '../../cli/bootstrap/paths.mjs';
import { findProgram } from '../../cli/bootstrap/programs.mjs';

/** Schemathesis with everything that it needs, each in one version. */
const REQUIREMENTS = join('test', 'support', 'schemathesis.txt');
const OLDEST_PYTHON = [3, 10] as const;
const INSTALL_MS = 300_000;

/** Where the program is, or why there is none. */
export type Schemathesis = { readonly program: string } | { readonly reason: string };

/** Installs it into the checkout's `.platform` unless it is there. Needs Python 3.10 with venv, and PyPI or a mirror that pip knows. */
export async function installSchemathesis(): Promise<Schemathesis> {
  const python = ['python3', 'python'].map((name) => findProgram(name)).find((found) => found !== undefined);
  if (python === undefined) return { reason: 'python3 is not here' };
  const version = await execa(python, ['-c', 'import sys; print(*sys.version_info[:2])'], { reject: false });
  const [major = 0, minor = 0] = version.failed ? [] : version.stdout.split(' ').map(Number);
  if (major !== OLDEST_PYTHON[0] || minor < OLDEST_PYTHON[1]) {
    return { reason: `python3 is not ${OLDEST_PYTHON.join('.')} or newer` };
  }
  const contents = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(`${major}.${minor}`).digest('hex');
  const folder = resolve(stateFolder, `schemathesis-${contents.slice(0, 12)}`);
  const bin = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const ready = join(folder, 'ready');
  if (!existsSync(ready)) {
    rmSync(folder, { recursive: true, force: true });
    const steps = [
      [python, '-m', 'venv', folder],
      [join(bin, 'python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS],
    ];
    for (const [program = '', ...args] of steps) {
      const { failed, all } = await execa(program, args, { all: true, reject: false, timeout: INSTALL_MS });
      if (failed) return { reason: `\`${args.slice(0, 3).join(' ')}\` failed: ${all.trim().split('\n').at(-1) ?? ''}` };
    }
    writeFileSync(ready, ''); // the installation came to its end
  }
  return { program: join(bin, 'schemathesis') };
}
