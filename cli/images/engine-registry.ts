import { dockerfile } from '../../constructs/core/dockerfile.js';
import { baseImagesOf } from './declared-images.js';
import type { Engine } from '../engine/engine.js';
import { mirroredImage, readMirrors } from '../bootstrap/mirrors.mjs';

/** An engine asks one address after the other, and waits for each. */
const ANSWER_MS = 20_000;

/** The words of a registry about an image that it does not have or give without a login, or not now. A firewall's page has none of them. */
const REGISTRYS_OWN =
  /unauthorized|authentication required|no basic auth|denied|manifest unknown|name unknown|not found: |toomanyrequests/i;

/** What is not the registry's word although it sounds like it: the way there is closed. */
const ON_THE_WAY =
  /proxyconnect|error parsing HTTP|invalid character|no such host|dial tcp|x509|timeout|connection reset/i;

/**
 * Whether the engine reaches the registry of an image. The engine knows best: it has proxies, mirrors and certificates of its own, and may
 * be on another machine.
 * @param reference what it is asked for. @default what images/base is built from
 */
export async function engineReaches(
  { docker }: Pick<Engine, 'docker'>,
  reference = mirroredImage(baseImagesOf(dockerfile('images/base'))[0] ?? 'debian', readMirrors()),
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<false>((done) => {
    timer = setTimeout(done, ANSWER_MS, false);
  });
  const asked = docker
    .getImage(reference)
    .distribution()
    .then(
      () => true,
      (error: unknown) => {
        const said = error instanceof Error ? error.message : String(error);
        return REGISTRYS_OWN.test(said) && !ON_THE_WAY.test(said);
      },
    );
  try {
    return await Promise.race([asked, silence]);
  } finally {
    clearTimeout(timer);
  }
}
