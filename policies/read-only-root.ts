import { eachRunningContainer, type Policy } from './judge/policy.js';

export default {
  why: 'Whoever breaks in can change the program itself, and what it writes there is gone with the container.',
  fix: 'Let it write to `scratch` folders (in memory) or to volumes, and keep the root read-only.',
  judge: eachRunningContainer(({ readOnlyRoot }) => (readOnlyRoot ? [] : ['its root file system is writable'])),
} satisfies Policy;
