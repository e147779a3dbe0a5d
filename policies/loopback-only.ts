import { eachContainer, type Policy } from './judge/policy.js';

export default {
  why: 'What is published on another address than loopback can be reached by every machine in the network.',
  fix: 'Publish on 127.0.0.1; where others must reach it, say so with the reason: network.publishOn in the environment.',
  judge: eachContainer(({ ports, publishesAll }, { topology }) => [
    ...ports
      .filter(({ address }) => !/^(127\.|::1$)/.test(address) && address !== topology.publishOn?.address)
      .map(({ address, hostPort }) => `it publishes port ${hostPort ?? '(any)'} on ${address}`),
    ...(publishesAll ? ['it publishes every port that its image exposes'] : []),
  ]),
} satisfies Policy;
