import { kernelFile } from './gather-start.js';
import { OPEN_FILES } from '../engine/open-files.js';
import { imageTag } from '../../constructs/core/content-hash.js';
import type { Home } from './facts.js';

/* What to type, by whose kernel containers run on: each ends as a sentence, or goes on in one. */

const RESTART_WSL = '`wsl --shutdown` and start Docker Desktop again';

export function setKernel(home: Home, name: string, value: number): string {
  const setting = `${name}=${value}`;
  if (home === 'wsl') {
    return (
      `Put \`kernelCommandLine=sysctl.${setting}\` under [wsl2] into %UserProfile%\\.wslconfig ` +
      `(several settings share that line, with spaces between them), then run ${RESTART_WSL}.`
    );
  }
  if (home === 'virtual machine') {
    const command = `docker run --rm --privileged ${imageTag('images/base')} sh -c "echo ${value} > ${kernelFile(name)}"`;
    return `Run \`${command}\`, after each start of Docker Desktop.`;
  }
  const where = home === 'linux' ? '' : " on the engine's machine";
  return (
    `Run \`sudo sysctl -w ${setting}\`${where}, and to keep it \`echo ${setting} | sudo tee -a /etc/sysctl.d/90-redis-platform.conf\`. ` +
    'It concerns the whole machine.'
  );
}

export function setClock(home: Home): string {
  if (home === 'wsl') return `Run ${RESTART_WSL}.`;
  if (home === 'virtual machine') return 'Restart Docker Desktop.';
  return 'Let both follow a time server (`timedatectl set-ntp true`).';
}

/** Without a full stop. */
export function moreMemory(home: Home, bytes: number): string {
  const least = Math.ceil(bytes / 1024 ** 3);
  if (home === 'wsl') {
    return `Put \`memory=${least}GB\` under [wsl2] into %UserProfile%\\.wslconfig, run ${RESTART_WSL}`;
  }
  if (home === 'virtual machine') return `Give Docker Desktop ${least} GB (Settings, Resources)`;
  return 'End other programs on that machine, or give it more';
}

export function limitOpenFiles(home: Home): string {
  const setting = `"default-ulimits": { "nofile": { "Name": "nofile", "Soft": ${OPEN_FILES}, "Hard": ${OPEN_FILES} } }`;
  if (home === 'wsl' || home === 'virtual machine') {
    return `Add \`${setting}\` in Docker Desktop (Settings, Docker Engine), then Apply & restart.`;
  }
  return `Add \`${setting}\` to /etc/docker/daemon.json of the engine's machine and restart the engine (\`sudo systemctl restart docker\`).`;
}
