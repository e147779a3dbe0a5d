import type { EngineFacts, Facts, WindowsFacts } from '../../../../cli/doctor/facts.js';

export const GIB = 1024 ** 3;

const desktopEngine: EngineFacts = {
  version: '28.5.2',
  host: 'npipe:////./pipe/docker_engine',
  cpus: 4,
  memoryBytes: 8 * GIB,
  isolatedGateways: true,
  clockAheadMs: 3,
  operatingSystem: 'Docker Desktop',
  kernelVersion: '6.6.87.2-microsoft-standard-WSL2',
  architecture: 'x86_64',
  storage: 'containerd image store (overlayfs)',
  cgroupVersion: '2',
  rootless: false,
  missingLimits: [],
  freeDiskBytes: 60 * GIB,
};

export const windows: WindowsFacts = {
  excludedPorts: { value: [{ first: 50_000, last: 50_059 }] },
  wsl: { value: [{ name: 'docker-desktop', isDefault: true, version: 2, state: 'Running' }] },
  wslConfig: undefined,
  executionPolicy: { value: 'RemoteSigned' },
  defender: { value: { watches: true, leavesOut: ['C:\\src', 'C:\\Users\\me\\AppData\\Local\\redis-platform\\'] } },
};

/** A machine with Windows on which all is well, and the deployment runs. */
export const fit: Facts = {
  os: 'win32',
  arch: 'x64',
  processor: 'Intel(R) Core(TM) i7-1185G7 @ 3.00GHz',
  osVersion: '10.0.22631',
  environment: {},
  fileExists: () => true,
  project: 'C:\\src\\platform',
  freeDiskBytes: 50 * GIB,
  node: '22.20.0',
  terraform: { value: { binary: 'C:\\terraform.exe', version: '1.11.4' } },
  git: { value: 'git version 2.47.0.windows.1' },
  closedFolders: [],
  machineMemory: { totalBytes: 16 * GIB, freeBytes: 6 * GIB },
  tls: {
    value: { host: 'registry.example.com', issuer: 'GTS Root R4', refusal: undefined, isPublic: true, inSystem: true },
  },
  lineEnds: { files: [], autocrlf: 'true' },
  cache: 'C:\\Users\\me\\AppData\\Local\\redis-platform',
  fileChanges: { value: { changes: 20, refused: [], slowestMs: 2 } },
  wrongProvider: undefined,
  strays: [],
  windows,
  routes: { value: [{ cidr: '192.168.1.0/24', by: 'the route by 192.168.1.23' }] },
  baseCidr: '10.213.0.0/20',
  wantedPorts: [{ name: 'redis-master', port: 6379, setting: 'proxy.ports.redisMaster in environments/dev.ts' }],
  engine: { value: desktopEngine },
  kernel: { 'vm.overcommit_memory': 1, 'vm.max_map_count': 262_144 },
  openFiles: 1_048_576,
  declared: {
    memoryBytes: 3 * GIB,
    cpus: 9,
    largest: { service: 'elasticsearch', cpus: 2 },
    diskBytes: 4 * GIB,
    logs: 'elastic',
  },
  start: { value: { owner: [], ports: [], subnets: [], memory: [] } },
  leftovers: { value: [] },
  deployments: {
    value: [{ name: 'dev', folder: 'there', missing: [], unrecorded: [], busy: false, damage: undefined }],
  },
};

export const withEngine = (changes: Partial<EngineFacts>, facts: Facts = fit): Facts => ({
  ...facts,
  engine: { value: { ...desktopEngine, ...changes } },
});
export const withWindows = (changes: Partial<WindowsFacts>): Facts => ({ ...fit, windows: { ...windows, ...changes } });
export const withEnvironment = (environment: Facts['environment']): Facts => ({ ...fit, environment });

/** The same engine without a virtual machine around it. */
export const linux: Facts = {
  ...withEngine({
    host: 'unix:///var/run/docker.sock',
    operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
    kernelVersion: '6.1.0-31-amd64',
    storage: 'overlay2',
  }),
  os: 'linux',
  osVersion: '',
  project: '/home/me/platform',
  windows: undefined,
};

export const mac: Facts = {
  ...withEngine({
    host: 'unix:///Users/me/.docker/run/docker.sock',
    kernelVersion: '6.10.14-linuxkit',
    architecture: 'aarch64',
  }),
  os: 'darwin',
  arch: 'arm64',
  processor: 'Apple M3',
  osVersion: '14.6.1',
  project: '/Users/me/platform',
  windows: undefined,
};
