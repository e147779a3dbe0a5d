/** Where a room's files may import from, besides itself and libraries: arrows run one way. */
/** @type {Record<string, string[]>} */
const ROOMS = {
  constructs: [],
  policies: ['constructs'],
  environments: ['constructs'],
  stacks: ['constructs', 'environments', 'policies'],
  diagram: ['constructs', 'environments', 'stacks'],
  cli: ['constructs', 'environments', 'policies', 'stacks', 'diagram'],
};
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
const ALL = [...Object.keys(ROOMS), 'test', 'main\\.ts'];

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
    {
      name: 'commands-are-the-roof',
      comment: 'What two commands share stands outside of cli/commands.',
      severity,
      from: { path: '^(cli)/', pathNot: '^cli/(commands/|main\\.ts$)' },
      to: { path: '^cli/commands/' },
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
