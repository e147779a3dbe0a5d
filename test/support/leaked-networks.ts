/** Names of networks that a removal said it leaves, as an old engine counts endpoints in them that do not exist. */
export function leakedNetworks(output: string): string[] {
  return [...output.matchAll(/network (\S+) stays until the engine is restarted/g)].map(([, name = '']) => name);
}
