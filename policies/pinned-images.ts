import { isPinned } from '../constructs/core/container-image.js';
import { eachContainer, type Policy } from './judge/policy.js';

export default {
  why: 'A tag that moves, as `latest` does, runs something else on the next machine, and nobody reviewed it.',
  fix: 'Name a fixed version or a digest: name:1.4.2 or name@sha256:<64 hex digits>.',
  judge: eachContainer(({ image }) => (isPinned(image) ? [] : [`its image is not pinned: ${image || 'none'}`])),
} satisfies Policy;
