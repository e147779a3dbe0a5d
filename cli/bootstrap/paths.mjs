/** Where things are kept. */
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/** What this checkout remembers, relative to the project: bootstrap.mjs makes the project the current folder. */
export const stateFolder = '.platform';

/**
 * The per-user cache, for what is slow to make and the same for every checkout.
 * @param {NodeJS.Platform} [platform]
 * @param {Readonly<Partial<Record<string, string>>>} [env]
 * @param {string} [home]
 */
export function cacheFolder(platform = process.platform, env = process.env, home = homedir()) {
  if (platform === 'win32') {
    return win32.join(env['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local'), 'redis-platform');
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Caches', 'redis-platform');
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG rules: a relative one is to be ignored.
  return posix.join(xdg !== undefined && posix.isAbsolute(xdg) ? xdg : posix.join(home, '.cache'), 'redis-platform');
}
