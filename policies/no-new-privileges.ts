import { eachRunningContainer, type Policy } from './judge/policy.js';

export default {
  why: 'One setuid program in an image is enough to become root again.',
  fix: 'Set the security option no-new-privileges:true, as every Service does.',
  judge: eachRunningContainer(({ securityOptions }) =>
    securityOptions.some((option) => /^no-new-privileges([:=]true)?$/.test(option))
      ? []
      : ['its processes may gain privileges'],
  ),
} satisfies Policy;
