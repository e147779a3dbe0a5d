/** Where a room's files may import from, besides itself and libraries: arrows run one way. */
/** @type {Record<string, string[]>} */
const ROOMS = {
  constructs: [],
  policies: ['constructs'],
  environments: ['constructs'],
  stacks: ['constructs', 'environments'],
  diagram: ['constructs'],
  cli: ['constructs', 'environments', 'policies', 'diagram'],
};
/** What the CLI consists of, from the ground to the roof: each imports only from what stands before it. */
const CLI = [
  'bootstrap',
  'project\\.ts',
  'context\\.ts',
  'synth',
  'terminal',
  'engine',
  'images',
  'lock',
  'terraform',
  'deployment',
  'earlier-outputs\\.ts',
  'outputs\\.ts',
  'clients',
  'session',
  'status',
  'logs',
  'preflight',
  'drift',
  'rollout',
  'backup',
  'doctor',
  'export',
  'sbom',
  'review',
  'start',
  'test',
  'commands',
  'main\\.ts',
];
/** The same within constructs/, where whoever provides something hands it to whoever uses it: the proxy knows no Redis. */
/** @type {Record<string, string[]>} */
const PARTS = {
  core: [],
  proxy: ['core'],
  redis: ['core', 'proxy'],
  http: ['core'],
  api: ['core', 'http', 'redis'],
  logging: ['core'],
};
const ALL = [...Object.keys(ROOMS), 'test', 'project\\.ts', 'main\\.ts'];
/** How environments are written and policies judged, for any project: all of both rooms that the CLI may know. */
const OF_ANY_PROJECT = [
  '^environments/(port-setting|process-env|schema|selection|site)\\.ts$',
  '^policies/judge/(facts|judge|policy|resources|subject|values)\\.ts$',
];

const severity = /** @type {const} */ ('error');

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'What needs each other is one thing: put it together, or take out what both need.',
      severity,
      from: {},
      to: { circular: true },
    },
    ...Object.entries(ROOMS).map(([room, below]) => ({
      name: `${room}-looks-down-only`,
      comment: `${room}/ imports from ${below.join(', ') || 'no other room'}: move what both need down.`,
      severity,
      from: { path: `^${room}/` },
      to: { path: ALL.filter((other) => other !== room && !below.includes(other)).map((other) => `^${other}(/|$)`) },
    })),
    ...Object.entries(PARTS).map(([part, below]) => ({
      name: `constructs-${part}-looks-down-only`,
      comment: `constructs/${part}/ imports from ${below.join(', ') || 'no other part'}: hand it what it needs.`,
      severity,
      from: { path: `^constructs/${part}/` },
      to: {
        path: Object.keys(PARTS)
          .filter((other) => other !== part && !below.includes(other))
          .map((other) => `^constructs/${other}/`),
      },
    })),
    ...CLI.slice(0, -1).map((room, index) => ({
      name: `cli-${room}-looks-down-only`,
      comment: `What stands above cli/${room} needs it, or both need something lower.`,
      severity,
      from: { path: `^cli/${room}(/|$)` },
      to: { path: CLI.slice(index + 1).map((above) => `^cli/${above}(/|$)`) },
    })),
    {
      name: 'cli-knows-only-a-project',
      comment: 'The CLI is given environments, stack and policies: take them from its `Project`.',
      severity,
      from: { path: ['^cli/', ...OF_ANY_PROJECT] },
      to: { path: '^(environments|policies|stacks)/', pathNot: OF_ANY_PROJECT },
    },
    {
      name: 'every-cli-file-has-a-room',
      comment: 'A new room of the CLI gets its place in the list above.',
      severity,
      from: { path: '.', pathNot: '^test/' },
      to: { path: '^cli/', pathNot: [...CLI, 'machine'].map((room) => `^cli/${room}(/|$)`) },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|cdktf\\.out|\\.platform)/' },
    // Of types as well: what only a type needs is part of the picture.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
