import { findProgram, runProgram } from '../bootstrap/programs.mjs';

/**
 * Where mmdebstrap is, which makes root file systems from Debian's packages. As root, a missing one is installed.
 * @returns undefined where there is none and none can be installed
 */
export async function findMmdebstrap(onProgress?: (line: string) => void): Promise<string | undefined> {
  const found = findProgram('mmdebstrap');
  if (found !== undefined || !canInstallMmdebstrap()) return found;
  onProgress?.('installing mmdebstrap');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runProgram('apt-get', ['update', '-q'], { env, onLine: onProgress });
  // The archive's keys, as Ubuntu does not have them.
  const packages = ['mmdebstrap', 'debian-archive-keyring'];
  await runProgram('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], {
    env,
    onLine: onProgress,
  });
  return findProgram('mmdebstrap');
}

export function canInstallMmdebstrap(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}
