import { eachContainer, type Policy } from './judge/policy.js';
import { looksLikeSecret, settingsIn, tokenIn } from './judge/secret-looking.js';

export default {
  why: '`docker inspect`, process lists, the plan and the state show it to everybody who may look.',
  fix: 'Make it a Secret in a file, addFile(path, () => secret.plain), and tell the program the path.',
  judge: eachContainer(({ environment, labels, command, healthCheck, files }) => [
    ...Object.entries(environment).flatMap(([name, value]) =>
      said(`its setting ${name}`, looksLikeSecret(name, value)),
    ),
    ...Object.entries(labels).flatMap(([name, value]) => said(`its label ${name}`, looksLikeSecret(name, value))),
    ...settingsIn([...command, '', ...healthCheck]).flatMap(([name, value]) =>
      said(name === '' ? 'a word of its command' : `its option ${name}`, looksLikeSecret(name, value)),
    ),
    // Their text is public, but configuration has too many long words to judge by chance alone.
    ...Object.entries(files).flatMap(([path, text]) => said(`its file ${path}`, tokenIn(text))),
  ]),
} satisfies Policy;

function said(where: string, why: string | undefined): string[] {
  return why === undefined ? [] : [`${where} looks like a secret: ${why}`];
}
