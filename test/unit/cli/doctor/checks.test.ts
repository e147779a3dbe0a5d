import { describe, expect, test } from '@jest/globals';
import { notesOf } from '../../../../cli/doctor/before-start.js';
import { diagnose, isWell, repairsOf } from '../../../../cli/doctor/check.js';
import { allChecks } from '../../../../cli/doctor/checks.js';
import { LEAST_OPEN_FILES } from '../../../../cli/doctor/engine-checks.js';
import type { Facts } from '../../../../cli/doctor/facts.js';
import { parseWslConfig } from '../../../../cli/doctor/readings/wslconfig.js';
import { renderDiagnoses } from '../../../../cli/doctor/render.js';
import type { DeploymentTrace } from '../../../../cli/doctor/traces.js';
import { PLAIN } from '../../../../cli/terminal/table.js';
import { environments } from '../../../../environments/index.js';
import { parseEnvironment } from '../../../../environments/schema.js';
import { topologyOf } from '../../../support/offline-deployment.js';
import { fit, GIB, linux, mac, windows, withEngine, withEnvironment, withWindows } from './machines.js';

const findingsOf = (facts: Facts, id: string) =>
  diagnose(allChecks, facts).find((one) => one.id === id)?.findings ?? [];
/** Of those that are not well, with their levels. */
const notWell = (facts: Facts) =>
  diagnose(allChecks, facts)
    .flatMap(({ id, findings }) => findings.map(({ level }) => `${id} ${level}`))
    .filter((one) => !one.endsWith(' ok'));
const wslConfig = (text: string) => withWindows({ wslConfig: parseWslConfig(text) });
const defender = (leavesOut: string[] | undefined) =>
  withWindows({ defender: { value: { watches: true, leavesOut } } });
const trace = (changes: Partial<DeploymentTrace>): Facts => ({
  ...fit,
  deployments: {
    value: [
      { name: 'dev_alice', folder: 'there', missing: [], unrecorded: [], busy: false, damage: undefined, ...changes },
    ],
  },
});
const tls = (changes: object): Facts => ({
  ...fit,
  tls: {
    value: {
      host: 'registry.example.com',
      issuer: 'Company Root CA',
      refusal: 'SELF_SIGNED_CERT_IN_CHAIN',
      isPublic: false,
      inSystem: false,
      ...changes,
    },
  },
});
const started = (changes: object): Facts => ({
  ...fit,
  start: { value: { owner: [], ports: [], subnets: [], memory: [], ...changes } },
});
const withoutLogs: Facts = { ...fit, declared: { ...fit.declared, logs: 'off' } };
const mirrored = { wslConfig: parseWslConfig('[wsl2]\nnetworkingMode=Mirrored') };
const intoOurs = { value: [{ cidr: '10.213.0.0/16', by: 'the route by 10.8.0.6' }] };

test.each<[string, Facts]>([
  ['Windows', fit],
  ['macOS', mac],
  ['Linux', linux],
])('a machine with %s on which all is well has nothing to fix', (_, facts) => {
  expect(notWell(facts)).toEqual([]);
  expect(isWell(diagnose(allChecks, facts))).toBe(true);
  expect(notesOf(facts)).toEqual([]);
});

test('a start tells what will fail with its fix, all else in a line, and who says more', () => {
  const notes = notesOf(withEngine({ version: '27.5.1', cpus: 1, isolatedGateways: false }));
  expect(notes).toEqual([
    expect.stringMatching(/^the engine refuses a container of elasticsearch.*limits\.cpus in the environment\.$/),
    expect.stringMatching(/^containers can reach services .* \(engine 27\.5\.1\)$/),
    '`npm run doctor` says what to do about each.',
  ]);
});

describe('what stops a start is bad', () => {
  test.each<[string, Facts, string]>([
    ['terraform', { ...fit, terraform: { error: 'Install it.' } }, 'Install it.'],
    [
      'ca-files',
      { ...withEnvironment({ NODE_EXTRA_CA_CERTS: 'C:\\no.pem' }), fileExists: () => false },
      'C:\\\\no.pem',
    ],
    ['disk', { ...fit, freeDiskBytes: 4 * GIB }, '4.0 GiB'],
    ['engine-disk', withEngine({ freeDiskBytes: 1 * GIB }), 'docker system df'],
    ['docker-variables', withEnvironment({ DOCKER_HOST: 'tcp://a', DOCKER_CONTEXT: 'b' }), 'DOCKER_CONTEXT=b'],
    ['engine', withEngine({ version: '19.03.5' }), '19.03.5'],
    ['cpus', withEngine({ cpus: 1 }), 'elasticsearch'],
    ['open-files', { ...fit, openFiles: LEAST_OPEN_FILES - 1 }, 'default-ulimits'],
    ['ports', started({ ports: [{ what: 'port 6379 is taken', fix: 'Stop it.' }] }), 'port 6379 is taken'],
    ['subnets', started({ subnets: [{ what: 'addresses overlap', fix: 'Change them.' }] }), 'overlap'],
    ['owner', started({ owner: [{ what: 'another checkout', fix: 'Use --instance.' }] }), 'another checkout'],
    ['log-memory', started({ memory: [{ what: 'too little memory', fix: 'Give more.' }] }), 'too little'],
    ['state', { ...fit, start: { error: 'The state file is damaged.' } }, 'damaged'],
    ['excluded-ports', withWindows({ excludedPorts: { value: [{ first: 6327, last: 6426 }] } }), '6327 to 6426'],
    [
      'wsl',
      withWindows({ wsl: { value: [{ name: 'docker-desktop', isDefault: true, version: 1, state: 'Stopped' }] } }),
      'wsl --set-version docker-desktop 2',
    ],
    ['wslconfig', wslConfig('[wsl2]\nnetworkingMode=none'), 'without a network'],
    ['wslconfig', wslConfig('[wsl2]\nmemory=4'), 'too little for any Linux'],
    ['tls', tls({}), 'certutil -user -addstore Root'],
    ['tls', tls({ refusal: 'CERT_HAS_EXPIRED' }), 'w32tm /resync'],
  ])('%s (%#)', (id, facts, mentioned) => {
    const findings = findingsOf(facts, id);
    expect(findings.map(({ level }) => level)).toEqual(['bad']);
    expect(JSON.stringify(findings)).toContain(mentioned);
    expect(isWell(diagnose(allChecks, facts))).toBe(false);
  });

  test('no engine, as Docker Desktop was never started', () => {
    const facts: Facts = { ...withWindows({ wsl: { value: [] } }), engine: { error: 'no engine' } };
    expect(findingsOf(facts, 'wsl')).toMatchObject([
      { level: 'note', fix: expect.stringContaining('winget install Docker.DockerDesktop') as unknown },
    ]);
  });

  test('an engine that does not answer is said once', () => {
    const facts: Facts = {
      ...fit,
      engine: { error: 'Start Docker Desktop.' },
      start: { error: 'Start Docker Desktop.' },
      kernel: undefined,
      openFiles: undefined,
      leftovers: { error: '' },
      deployments: { error: '' },
    };
    expect(notWell(facts).filter((one) => one.endsWith(' bad'))).toEqual(['engine bad']);
  });
});

describe('what weakens a promise is a note', () => {
  test.each<[string, Facts, string]>([
    ['system', { ...fit, osVersion: '10.0.19044' }, 'Windows Update'],
    ['system', { ...mac, osVersion: '13.7' }, 'Software Update'],
    ['node', { ...fit, node: '21.7.3' }, '21.7.3'],
    ['node-build', { ...mac, arch: 'x64' }, 'brew install node'],
    ['node-build', withEnvironment({ PROCESSOR_IDENTIFIER: 'ARMv8 (64-bit) Family 8' }), 'ARM64'],
    ['git', { ...fit, git: { error: 'spawn git ENOENT' } }, 'npm run review'],
    ['path', { ...fit, closedFolders: ['C:\\admin\\bin'] }, 'C:\\\\admin'],
    ['proxy', withEnvironment({ HTTPS_PROXY: 'http://me:secret@127.0.0.1:3128' }), 'HTTPS_PROXY=http://127.0.0.1:3128'],
    ['proxy', withEnvironment({ http_proxy: 'localhost:3128' }), 'localhost:3128'],
    ['free-memory', { ...fit, machineMemory: { totalBytes: 8 * GIB, freeBytes: GIB - 1 } }, 'of 8.0 GiB'],
    ['checkout', { ...fit, project: '\\\\server\\share\\platform' }, 'shared drive'],
    ['checkout', { ...fit, project: 'C:\\Users\\a\\OneDrive\\platform' }, 'copies this folder'],
    ['line-ends', { ...fit, lineEnds: { files: ['images/redis/run'], autocrlf: 'true' } }, 'core.autocrlf=true'],
    ['limits', withEngine({ missingLimits: ['swap'], cgroupVersion: '1' }), 'swapaccount=1'],
    ['limits', withEngine({ missingLimits: ['memory'], rootless: true }), 'Delegate='],
    ['isolation', withEngine({ isolatedGateways: false, version: '20.10.24' }), 'engine 20.10.24'],
    [
      'cpus',
      { ...withEngine({ cpus: 1 }), declared: { ...fit.declared, largest: { service: 'api', cpus: 1 } } },
      'one processor',
    ],
    ['memory', withEngine({ memoryBytes: 2 * GIB }), '2.0 GiB, limits 3.0 GiB'],
    ['engine-disk', withEngine({ freeDiskBytes: 3 * GIB }), 'up to 4.0 GiB wanted'],
    ['clock', withEngine({ clockAheadMs: -2000 }), '-2.0 s'],
    ['open-files', { ...fit, openFiles: 20_000 }, '20000'],
    ['log-stack', { ...fit, declared: { ...fit.declared, logs: 'debian' } }, 'debian'],
    ['routes', { ...withWindows(mirrored), routes: intoOurs }, '10.213.0.0/16'],
    ['leftovers', { ...fit, leftovers: { value: ['container rp-dev-redis-0'] } }, 'rp-dev-redis-0'],
    ['deployments', trace({ folder: 'none', unrecorded: ['rp-x'] }), 'down --env dev --instance alice'],
    ['deployments', trace({ folder: 'empty', unrecorded: ['rp-x'] }), 'lost its folder'],
    ['deployments', trace({ unrecorded: ['rp-x'] }), 'more on the engine'],
    ['deployments', trace({ missing: ['rp-x'] }), 'start --env dev --instance alice'],
    ['deployments', trace({ missing: ['rp-x'], unrecorded: ['rp-y'], folder: 'none' }), 'more on the engine'],
    ['deployments', trace({ folder: 'empty' }), 'empty folder'],
    ['deployments', trace({ damage: 'The state is damaged.' }), 'The state is damaged.'],
    ['file-changes', { ...fit, fileChanges: { value: { changes: 20, refused: ['EBUSY'], slowestMs: 2 } } }, 'EBUSY'],
    ['file-changes', { ...fit, fileChanges: { value: { changes: 20, refused: [], slowestMs: 500 } } }, '500 ms'],
    ['provider', { ...fit, wrongProvider: 'C:\\cache\\provider.exe' }, 'builds it again'],
    ['defender', defender(['C:\\Source']), "Add-MpPreference -ExclusionPath 'C:\\\\src\\\\platform', 'C:"],
    ['defender', { ...defender(['c:\\SRC']), cache: "D:\\O'Neil" }, "-ExclusionPath 'D:\\\\O''Neil'"],
    ['strays', { ...fit, strays: [{ path: '.platform/dev.lock.1-abcdef012345', kind: 'lock' }] }, 'dev.lock'],
    [
      'wsl',
      withWindows({
        wsl: {
          value: [
            { name: 'Debian', isDefault: true, version: 1, state: 'Stopped' },
            { name: 'docker-desktop', isDefault: false, version: 2, state: 'Running' },
          ],
        },
      }),
      'wsl --set-version Debian 2',
    ],
    ['wslconfig', wslConfig('[wsl]\nmemory=8GB'), 'memory=8GB'],
    ['wslconfig', wslConfig('[wsl2]\nmemory=4 gigabytes'), '4 gigabytes'],
    ['wslconfig', wslConfig('[wsl2]\nmemory=4GB'), 'not in effect'],
    ['wslconfig', wslConfig('[wsl2]\nnetworkingMode=mirror'), 'nat, mirrored'],
    ['execution-policy', withWindows({ executionPolicy: { value: 'Restricted' } }), '.\\\\platform start'],
    ['tls', tls({ inSystem: true }), 'setx NODE_OPTIONS --use-system-ca'],
    ['tls', { ...tls({ inSystem: true }), node: '20.19.0' }, 'Update Node.js'],
    ['tls', { ...tls({ inSystem: true }), os: 'linux' }, 'ca-certificates.crt'],
  ])('%s (%#)', (id, facts, mentioned) => {
    const findings = findingsOf(facts, id);
    expect(findings.map(({ level }) => level)).toEqual(['note']);
    expect(JSON.stringify(findings)).toContain(mentioned);
    expect(isWell(diagnose(allChecks, facts))).toBe(true);
  });
});

describe('what could not be looked at is unknown, and stops nobody', () => {
  test.each<[string, Facts]>([
    ['overcommit', { ...fit, kernel: undefined }],
    ['map-count', { ...fit, kernel: {} }],
    ['open-files', { ...fit, openFiles: undefined }],
    ['engine-disk', withEngine({ freeDiskBytes: undefined })],
    ['system', { ...mac, osVersion: '' }],
    ['disk', { ...fit, freeDiskBytes: undefined }],
    ['tls', { ...fit, tls: { error: 'getaddrinfo ENOTFOUND registry.example.com' } }],
    ['routes', { ...mac, routes: { error: 'spawn netstat ENOENT' } }],
    ['excluded-ports', withWindows({ excludedPorts: { error: 'spawn netsh ENOENT' } })],
    ['wsl', withWindows({ wsl: { error: 'spawn wsl.exe ENOENT' } })],
    ['execution-policy', withWindows({ executionPolicy: { error: 'spawn powershell.exe ENOENT' } })],
    ['defender', defender(undefined)],
    ['defender', withWindows({ defender: { error: 'Get-MpComputerStatus : Invalid class' } })],
    ['file-changes', { ...fit, fileChanges: { error: 'EROFS: read-only file system' } }],
    ['ports', { ...fit, start: { error: 'damaged' } }],
    ['leftovers', { ...fit, leftovers: { error: 'no engine' } }],
    ['deployments', { ...fit, deployments: { error: 'no engine' } }],
    ['deployments', trace({ busy: true, missing: ['rp-x'] })],
    ['clock', { ...fit, engine: { error: 'no engine' } }],
  ])('%s (%#)', (id, facts) => {
    expect(findingsOf(facts, id).map(({ level }) => level)).toEqual(['unknown']);
  });
});

describe('the neighbours of each limit are well', () => {
  test.each<[string, Facts]>([
    ['cpus', withEngine({ cpus: 2 })],
    ['memory', withEngine({ memoryBytes: 3 * GIB })],
    ['clock', withEngine({ clockAheadMs: 1999 })],
    ['engine', withEngine({ version: '20.10.0' })],
    ['disk', { ...fit, freeDiskBytes: 5 * GIB }],
    ['engine-disk', withEngine({ freeDiskBytes: 4 * GIB })],
    ['free-memory', { ...fit, machineMemory: { totalBytes: 8 * GIB, freeBytes: GIB } }],
    // Its own memory does not count where the engine is elsewhere.
    ['free-memory', { ...withEngine({ host: 'tcp://a:2375' }), machineMemory: { totalBytes: 8 * GIB, freeBytes: 0 } }],
    ['open-files', { ...fit, openFiles: 65_535 }],
    ['open-files', { ...withoutLogs, openFiles: LEAST_OPEN_FILES }],
    ['map-count', { ...withoutLogs, kernel: { 'vm.max_map_count': 65_530 } }],
    ['open-files', { ...fit, openFiles: Infinity }],
    ['system', { ...fit, osVersion: '10.0.19045' }],
    ['proxy', withEnvironment({ HTTPS_PROXY: 'http://proxy.example:3128' })],
    ['docker-variables', withEnvironment({ DOCKER_HOST: 'tcp://a' })],
    ['excluded-ports', withWindows({ excludedPorts: { value: [{ first: 6380, last: 6400 }] } })],
    // Of a VPN, in nobody's way without the mirrored mode, or as wide as all of a VPN's.
    ['routes', { ...fit, routes: intoOurs }],
    ['routes', { ...mac, routes: intoOurs }],
    ['routes', { ...withWindows(mirrored), routes: { value: [{ cidr: '10.0.0.0/8', by: 'x' }] } }],
    // The virtual machine counts a bit less than it is given.
    ['wslconfig', { ...wslConfig('[wsl2]\nmemory=8GB'), engine: withEngine({ memoryBytes: 7.7 * GIB }).engine }],
    ['wslconfig', { ...wslConfig('[wsl2]\nmemory=4GB'), engine: { error: 'no engine' } }],
    ['wslconfig', wslConfig('# nothing')],
    ['wsl', withWindows({ wsl: { value: [] } })],
    ['tls', tls({ refusal: undefined })],
    ['defender', withWindows({ defender: { value: { watches: false, leavesOut: [] } } })],
    ['file-changes', { ...fit, fileChanges: { value: { changes: 20, refused: [], slowestMs: 499 } } }],
    ['node-build', { ...mac, processor: 'Intel(R) Core(TM) i5', arch: 'x64' }],
  ])('%s (%#)', (id, facts) => {
    expect(findingsOf(facts, id).map(({ level }) => level)).toEqual(['ok']);
  });
});

describe('the fix is for the system that it is typed on', () => {
  const elsewhere = withEngine({ host: 'ssh://me@server' }, linux);
  const homes: [string, (changes: Partial<Facts>) => Facts][] = [
    ['.wslconfig', (changes) => ({ ...fit, ...changes })],
    ['docker run --rm --privileged', (changes) => ({ ...mac, ...changes })],
    ['sudo sysctl -w', (changes) => ({ ...linux, ...changes })],
    ["on the engine's machine", (changes) => ({ ...elsewhere, ...changes })],
  ];
  test.each(homes)('of the kernel: %s', (mentioned, machine) => {
    const kernel = { 'vm.overcommit_memory': 0, 'vm.max_map_count': 65_530 };
    for (const id of ['overcommit', 'map-count']) {
      const [finding] = findingsOf(machine({ kernel }), id);
      expect(finding).toMatchObject({ level: 'note', fix: expect.stringContaining(mentioned) as unknown });
    }
  });

  test('of memory, clock and open files', () => {
    const small = { memoryBytes: 2 * GIB, clockAheadMs: 9000 };
    const fixOf = (facts: Facts, id: string) => JSON.stringify(findingsOf(facts, id));
    expect(fixOf(withEngine(small), 'memory')).toContain('memory=3GB');
    expect(fixOf(withEngine({ ...small, kernelVersion: '6.10-linuxkit' }, mac), 'memory')).toContain(
      'Settings, Resources',
    );
    expect(fixOf(withEngine({ ...small, host: 'tcp://a' }, linux), 'memory')).toContain('End other programs');
    expect(fixOf(withEngine(small), 'clock')).toContain('wsl --shutdown');
    expect(fixOf(withEngine({ ...small, kernelVersion: '6.10-linuxkit' }, mac), 'clock')).toContain(
      'Restart Docker Desktop',
    );
    expect(fixOf({ ...linux, openFiles: 4096 }, 'open-files')).toContain('/etc/docker/daemon.json');
    expect(fixOf({ ...mac, openFiles: 4096 }, 'open-files')).toContain('Settings, Docker Engine');
  });

  test('of a port that Windows keeps: taken out of its ranges, or another one', () => {
    const range = { excludedPorts: { value: [{ first: 6327, last: 6426 }] } };
    const [finding] = findingsOf(withWindows(range), 'excluded-ports');
    expect(finding).toMatchObject({
      fix: expect.stringMatching(
        /net stop winnat.*startport=6379.*proxy\.ports\.redisMaster in environments\/dev\.ts/,
      ) as unknown,
    });
  });
});

test('the engine says its mode: store of images, control groups, rootless, whose kernel', () => {
  const [finding] = findingsOf(withEngine({ rootless: true, storage: 'overlay2' }, linux), 'engine');
  expect(finding).toMatchObject({
    level: 'ok',
    got: '28.5.2 on Docker Desktop, wsl (x86_64, overlay2, cgroup v2, rootless)',
  });
});

test('the proxy of each environment can start with the least number of open files that counts as enough', () => {
  for (const input of Object.values(environments)) {
    const { services } = topologyOf(parseEnvironment(input));
    const config = services.flatMap(({ files }) => files).find(({ path }) => path.endsWith('haproxy.cfg'));
    const connections = Number(/^ {4}maxconn (\d+)$/m.exec(config?.text ?? '')?.[1]);
    expect(connections).toBeGreaterThan(1000);
    expect(2 * connections + 100).toBeLessThan(LEAST_OPEN_FILES);
  }
});

test('no password of a proxy is shown', () => {
  const secret = 'http://me:hunter2@proxy.example:3128';
  const text = renderDiagnoses(
    diagnose(allChecks, withEnvironment({ HTTPS_PROXY: secret, http_proxy: secret.slice('http://'.length) })),
    PLAIN,
  );
  expect(text).toContain('proxy.example:3128');
  expect(text).not.toContain('hunter2');
});

test('people read a line a check, and the verdict last; what was done comes first', () => {
  const diagnoses = diagnose(allChecks, withEngine({ version: '19.03.5' }));
  const text = renderDiagnoses(diagnoses, PLAIN);
  expect(text).toContain('✖ Docker engine: the engine is too old (got 19.03.5): allowed is from 20.10. Update');
  expect(text.trimEnd().split('\n').at(-1)).toBe(`1 of ${allChecks.length} checks failed.`);
  expect(renderDiagnoses(diagnoses, PLAIN, ['removed the file a']).split('\n')[0]).toBe('fixed: removed the file a');
  expect(renderDiagnoses(diagnoses, PLAIN, []).split('\n')[0]).toMatch(/^fixed: nothing/);
  const ids = allChecks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a start says the cheap ones, a line each', () => {
  const facts: Facts = {
    ...linux,
    openFiles: 4096,
    kernel: { 'vm.overcommit_memory': 0 },
    project: '\\\\server\\share',
  };
  const notes = notesOf(facts);
  expect(notes).toHaveLength(4);
  expect(notes.join('\n').split('\n')).toHaveLength(4);
  expect(notes.join('\n')).toMatch(/open files.*\n.*snapshot may fail.*\n.*shared drive.*\n`npm run doctor`/);
});

test('only what holds no data is repaired: line ends, files of ended commands, empty folders', () => {
  const facts: Facts = {
    ...trace({ folder: 'empty' }),
    lineEnds: { files: ['images/a'], autocrlf: undefined },
    strays: [{ path: '.platform/x.1.new', kind: 'draft' }],
    leftovers: { value: ['container rp-dev-redis-0'] },
  };
  expect(repairsOf(diagnose(allChecks, facts))).toEqual([
    { kind: 'line ends', files: ['images/a'] },
    { kind: 'remove empty folder', folder: '.platform/dev_alice' },
    { kind: 'remove files', files: ['.platform/x.1.new'] },
  ]);
  expect(repairsOf(diagnose(allChecks, { ...fit, windows }))).toEqual([]);
});
