/** What well-known issuers' tokens look like; each from its issuer's documentation. */
const TOKENS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})/],
  ['a GitLab token', /\bglpat-[\w-]{20,}/],
  ['a Slack token', /\bxox[abeprs]-[\w-]{10,}/],
  ['a Stripe key', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/],
  ['a Google API key', /\bAIza[\w-]{35}/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}/],
  ['a JSON web token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/],
  ['an address with a password in it', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@$]*:[^\s/:@$]+@/i],
];

/** Names whose value is the secret itself; REDIS_PASSWORD_FILE, which says where it is, ends otherwise. */
const NAME =
  /(?:^|[^a-z])(?:pass(?:word|wd|phrase)?|secret|token|credentials?|(?:api|access|private|secret|auth|encryption|signing)[_.-]?key|requirepass|masterauth)$/i;
/** Values that only point somewhere, or switch something. */
const HARMLESS = /^(?:|true|false|yes|no|on|off|none|\/\S*|[$%]\{.*)$/i;
/** Names whose value is long and random without being secret. */
const FINGERPRINT = /(?:sha\d*|hash|digest|checksum|commit|revision|fingerprint|build)(?:_?id)?$/i;

/** @returns why, without the value, or undefined */
export function looksLikeSecret(name: string, value: string): string | undefined {
  const known = tokenIn(value);
  if (known !== undefined) return known;
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2');
  if (NAME.test(words) && !HARMLESS.test(value)) return 'its name says so';
  if (FINGERPRINT.test(words)) return undefined;
  return value.split(/[^A-Za-z0-9+/_=-]+|=(?=[^=])/).some(isRandom) ? 'it is long and random' : undefined;
}

/** @returns what kind of well-known token a text holds, or undefined */
export function tokenIn(text: string): string | undefined {
  return TOKENS.find(([, pattern]) => pattern.test(text))?.[0];
}

/** The words of a command as settings: `--token x`, `--token=x` and `TOKEN=x`; other words have no name. */
export function settingsIn(words: readonly string[]): [name: string, value: string][] {
  return words.map((word, index) => {
    const assigned = /^(-{0,2}[A-Za-z][\w.-]*)=(.*)$/s.exec(word);
    if (assigned) return [assigned[1] ?? '', assigned[2] ?? ''];
    const option = words[index - 1] ?? '';
    return [/^--?[A-Za-z][\w.-]*$/.test(option) && !word.startsWith('-') ? option : '', word];
  });
}

/**
 * Shannon's entropy tells generated keys from words: 20 random characters of base64 have about 4 bits each, 32 of hex
 * more than 3. Names, versions, paths and lists of cipher suites do not mix cases and digits this way.
 */
function isRandom(word: string): boolean {
  if (word.startsWith('/')) return false;
  if (/^[0-9a-f]{32,}$/i.test(word)) return entropy(word) > 3;
  const mixed = [/[a-z]/, /[A-Z]/, /\d/].every((kind) => kind.test(word));
  return word.length >= 20 && mixed && entropy(word) > 3.7;
}

/** In bits for each character. */
function entropy(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / word.length) * Math.log2(count / word.length), 0);
}
