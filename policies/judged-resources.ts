import type { Policy } from './judge/policy.js';

export default {
  why: 'What policies cannot read, they cannot judge: a container in a module would pass them all.',
  fix: 'Declare containers, networks and volumes with constructs, each with its attributes written out.',
  judge: ({ unreadable }) => unreadable.map((name) => ({ subject: name, what: 'policies cannot look into it' })),
} satisfies Policy;
