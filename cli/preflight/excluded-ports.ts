import { runProgram } from '../bootstrap/programs.mjs';

/** Ports that Windows keeps for itself: whoever wants to listen on one is refused, whether anything uses it or not. */
export interface ExcludedPorts {
  readonly first: number;
  readonly last: number;
}

const ANSWER_MS = 10_000;
const QUESTION = ['interface', 'ipv4', 'show', 'excludedportrange', 'protocol=tcp'];
/** What the question is called among people. */
export const EXCLUDED_PORTS_COMMAND = `netsh ${QUESTION.join(' ')}`;

/** @throws if this is not Windows, or it does not say */
export async function readExcludedPorts(): Promise<ExcludedPorts[]> {
  return parseExcludedPorts(await runProgram('netsh', QUESTION, { timeoutMs: ANSWER_MS }));
}

/**
 * What `netsh interface ipv4 show excludedportrange protocol=tcp` prints: two columns of numbers below translated headings. A `*` marks
 * those that an administrator set aside, on which a program that asks for just that port may listen.
 */
export function parseExcludedPorts(text: string): ExcludedPorts[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, first, last, administered] = /^\s*(\d+)\s+(\d+)\s*(\*?)\s*$/.exec(line) ?? [];
    if (first === undefined || last === undefined || administered === '*') return [];
    return [{ first: Number(first), last: Number(last) }];
  });
}

/** The range in which a port lies. */
export function exclusionOf(port: number, ranges: readonly ExcludedPorts[]): ExcludedPorts | undefined {
  return ranges.find(({ first, last }) => first <= port && port <= last);
}

/** How a port is taken out of them for good, before they are dealt out again; typed by an administrator. */
export function keepPort(port: number): string {
  return (
    `\`net stop winnat\`, \`netsh int ipv4 add excludedportrange protocol=tcp startport=${port} numberofports=1\`, ` +
    '`net start winnat`'
  );
}
