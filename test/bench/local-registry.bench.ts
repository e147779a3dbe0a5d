import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Container } from 'dockerode';
import { execa } from 'execa';
import type { DeclaredImages } from '../../cli/images/declared-images.js';
import { lockDrift } from '../../cli/lock/drift.js';
import { renewLock } from '../../cli/lock/renew.js';
import { resolveDigest } from '../../cli/lock/resolve-digest.js';
import { findDocker } from '../../cli/engine/docker-cli.js';
import { connectEngine, type Engine } from '../../cli/engine/engine.js';
import { engineReaches } from '../../cli/images/engine-registry.js';
import { ensurePulled, ImageBuilder, isPresent } from '../../cli/images/image-builder.js';
import { imageTag } from '../../constructs/core/content-hash.js';
import { EMPTY_LOCK, lockedReference } from '../../constructs/core/image-lock.js';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';

/** Whether images can be pulled, locked and mirrored, with a registry of Debian's `docker-registry` in a container on the loopback. */
const name = `shop-${randomBytes(4).toString('hex')}`;
const folder = `images/${name}`;
let engine: Engine;
let registry: Container | undefined;
let address: string;

beforeAll(async () => {
  engine = await connectEngine();
  await new ImageBuilder(engine, 'build').ensure('test/support/registry');
  registry = await engine.docker.createContainer({
    Image: imageTag('test/support/registry'),
    Labels: { 'redis-platform.test-helper': 'true' },
    HostConfig: { AutoRemove: true, Memory: 256 * 1024 ** 2, PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1' }] } },
    ExposedPorts: { '5000/tcp': {} },
  });
  await registry.start();
  const { NetworkSettings } = await registry.inspect();
  address = `127.0.0.1:${NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort}`;
  await eventually(
    async () => {
      expect((await fetch(`http://${address}/v2/`)).status).toBe(200);
    },
    { within: Duration.seconds(60) },
  );
  await push('1.0', 'one');
  // The images may have to be built first.
}, 900_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await registry?.remove({ force: true, v: true });
  const made = await engine.docker.listImages({ filters: { reference: [`*/*/${name}`, `*/${name}`] } });
  for (const { RepoTags } of made) for (const tag of RepoTags ?? []) await docker('rmi', '--force', tag);
});

const docker = async (...args: string[]) =>
  (await execa(findDocker(), args, { env: engine.environment, all: true })).stdout;
const reference = (tag: string) => `${address}/library/${name}:${tag}`;

/** Gives a tag in the registry a new meaning; the engine itself forgets it. */
async function push(tag: string, content: string): Promise<void> {
  const container = await engine.docker.createContainer({
    Image: imageTag('images/base'),
    Cmd: ['true'],
    Labels: { content },
  });
  await container.commit({ repo: reference(tag).replace(/:[^:]*$/, ''), tag });
  await container.remove();
  await docker('push', reference(tag));
  await docker('rmi', reference(tag));
}

/** What the registry itself says. */
async function digestThere(tag: string): Promise<string> {
  const accept = [
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.oci.image.manifest.v1+json',
  ];
  const answer = await fetch(`http://${address}/v2/library/${name}/manifests/${tag}`, {
    headers: { accept: accept.join() },
  });
  return answer.headers.get('docker-content-digest') ?? '';
}

test('the engine says whether a registry answers: with an image, without it, and not at all', async () => {
  expect(await engineReaches(engine, reference('1.0'))).toBe(true);
  expect(await engineReaches(engine, reference('none'))).toBe(true);
  expect(await engineReaches(engine, `127.0.0.1:9/library/${name}:1.0`)).toBe(false);
  expect(await engineReaches(engine, `registry.invalid/library/${name}:1.0`)).toBe(false);
});

test('an image is pulled once, and one that is not there is named', async () => {
  expect(await isPresent(engine, reference('1.0'))).toBe(false);
  await ensurePulled(engine, reference('1.0'), 'the service shop');
  expect(await isPresent(engine, reference('1.0'))).toBe(true);
  await expect(ensurePulled(engine, reference('none'), 'the service shop')).rejects.toThrow(
    /the image of the service shop does not exist/,
  );
});

test('a lock has the digest that the registry has, and keeps it when the tag moves, until it is asked to renew', async () => {
  const declared: DeclaredImages = {
    pulled: new Map([[reference('1.0'), 'the service shop']]),
    floating: new Map(),
    built: new Map(),
  };
  const resolve = (of: string, at: string) => resolveDigest(engine, of, at);
  const first = await renewLock(declared, EMPTY_LOCK, resolve);
  const digest = await digestThere('1.0');
  expect(first).toMatchObject({ problems: [], lock: { pulled: { [reference('1.0')]: digest } } });
  expect([lockDrift(declared, first.lock), lockDrift(declared, EMPTY_LOCK).length]).toEqual([[], 1]);

  await push('1.0', 'two');
  const moved = await digestThere('1.0');
  expect(moved).not.toBe(digest);
  expect((await renewLock(declared, first.lock, resolve)).lock).toEqual(first.lock);
  // What a deployment then runs.
  const locked = lockedReference(reference('1.0'), first.lock);
  await ensurePulled(engine, locked, 'the service shop');
  expect((await engine.docker.getImage(locked).inspect()).Config.Labels).toMatchObject({ content: 'one' });
  const renewed = await renewLock(declared, first.lock, resolve, { update: true });
  expect(renewed.lock.pulled[reference('1.0')]).toBe(moved);
});

test('a mirror stands for Docker Hub: what a Dockerfile is built from comes from there', async () => {
  mkdirSync(folder);
  writeFileSync(`${folder}/Dockerfile`, `FROM ${name}:1.0\nLABEL built=yes\n`);
  await expect(new ImageBuilder(engine, 'pull', { mirrors: {} }).ensure(folder)).rejects.toThrow(/could not be built/);
  await new ImageBuilder(engine, 'pull', { mirrors: { images: address } }).ensure(folder);
  const { Config } = await engine.docker.getImage(imageTag(folder)).inspect();
  expect(Config.Labels).toMatchObject({ built: 'yes', content: 'two' });
});
