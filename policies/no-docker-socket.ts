import { eachContainer, type Policy } from './judge/policy.js';

/** The sockets of engines, and the folders that hold them. */
const SOCKET =
  /(docker|containerd|podman|crio)\.sock$|docker_engine$|^\/(var|((var\/)?run(\/(docker|containerd|podman|crio))?))?\/?$/;

export default {
  why: 'Whoever can talk to the engine can start a privileged container, and so owns the machine.',
  fix: 'Do without it: what needs the engine runs on the host, as the commands of cli/ do.',
  judge: eachContainer(({ hostMounts, environment }) => [
    ...hostMounts.filter((path) => SOCKET.test(path)).map((path) => `it can reach the engine's socket: ${path}`),
    ...('DOCKER_HOST' in environment ? ['it is told where the engine is: DOCKER_HOST'] : []),
  ]),
} satisfies Policy;
