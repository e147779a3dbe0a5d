import { eachContainer, type Policy } from './judge/policy.js';

const check = eachContainer(({ hostMounts }) => hostMounts.map((path) => `it mounts the host's ${path}`));

export default {
  why: 'A folder of the host ties a deployment to one machine and its permissions, and opens that folder to a break-in.',
  fix: 'Put configuration into files with addFile(), and data into volumes.',
  judge: (subject) => [
    ...check(subject),
    ...subject.volumes.flatMap(({ name, hostPath }) =>
      hostPath === undefined ? [] : [{ subject: name, what: `the volume is the host's ${hostPath}` }],
    ),
  ],
} satisfies Policy;
