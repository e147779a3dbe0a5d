import { isAbsolute } from 'node:path';
import { imageTag } from './content-hash.js';
import { lockedReference, readImageLock } from './image-lock.js';
import { PlatformError } from './platform-error.js';

/** What kind of source an image has; decides how the machine is prepared for it. */
export type ImageSource =
  { readonly kind: 'directory'; readonly folder: string } | { readonly kind: 'registry'; readonly reference: string };

/** The images that come with the platform. */
export type CatalogImage =
  | 'api'
  | 'base'
  | 'elasticsearch'
  | 'elasticsearch-debian'
  | 'filebeat'
  | 'haproxy'
  | 'kibana'
  | 'logstash'
  | 'redis'
  | 'redis-defrag'
  | 'rsyslog';

/** A registry's host and a path (distribution/reference), pinned by a digest or by a tag other than `latest`. */
const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const TAG = '[\\w][\\w.-]{0,127}';
const PINNED = new RegExp(
  `^(?:${PART}(?::\\d+)?/)?${PART}(?:/${PART})*(?::(?!latest$)${TAG}|(?::${TAG})?@sha256:[0-9a-f]{64})$`,
);

/** Whether every machine that runs a reference today runs the same image tomorrow, as far as tags are not moved. */
export function isPinned(reference: string): boolean {
  return PINNED.test(reference);
}

/**
 * Where a service's image comes from. The CLI builds or pulls it before Terraform runs; Terraform only names the tag.
 */
export class ContainerImage {
  private constructor(
    readonly source: ImageSource,
    /** What Terraform and the engine call it. */
    readonly reference: string,
  ) {}

  /**
   * An image from a registry; by its digest where `images.lock.json` has one (`npm run lock`).
   * @param reference with a digest or a fixed tag, e.g. `ghcr.io/acme/shop@sha256:...` or `redis:8.0.2`
   * @throws PlatformError if the reference is not pinned
   */
  static fromRegistry(reference: string): ContainerImage {
    if (!isPinned(reference)) {
      throw new PlatformError({
        what: 'an image reference is malformed or not pinned',
        got: reference,
        allowed: 'name:tag (not `latest`) or name@sha256:<64 hex digits>',
        fix: 'Name a fixed version, so that every machine runs the same image.',
      });
    }
    return new ContainerImage({ kind: 'registry', reference }, lockedReference(reference, readImageLock()));
  }
  /**
   * An image that is built from a folder with a Dockerfile. Its tag is a hash of the folder's content.
   * @param folder relative to the project, with forward slashes, e.g. `images/shop`
   * @throws PlatformError at once if the folder or its Dockerfile does not exist
   */
  static fromDirectory(folder: string): ContainerImage {
    if (isAbsolute(folder) || folder.includes('\\')) {
      throw new PlatformError({
        what: "an image's folder would not be found on other machines",
        got: folder,
        allowed: 'a path relative to the project, with forward slashes',
        fix: 'Use e.g. `images/shop`.',
      });
    }
    return new ContainerImage({ kind: 'directory', folder }, imageTag(folder));
  }
  /** One of the images that come with the platform (`images/<name>`). */
  static fromCatalog(name: CatalogImage): ContainerImage {
    return ContainerImage.fromDirectory(`images/${name}`);
  }
}
