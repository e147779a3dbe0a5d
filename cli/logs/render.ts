import { styleText } from 'node:util';
import { levelOf } from './level.js';
import { type Line, textOf } from './line.js';
import { formatTime } from './time.js';

/** One for each service, so none that means something in a level. */
const SERVICE_COLOURS = [
  'cyan',
  'magenta',
  'blue',
  'green',
  'cyanBright',
  'magentaBright',
  'blueBright',
  'greenBright',
] as const;

const LEVEL_COLOURS = { debug: 'dim', info: undefined, warn: 'yellow', error: 'red', fatal: 'red' } as const;

type Colour = (typeof SERVICE_COLOURS)[number] | 'dim' | 'yellow' | 'red';

/** Colours text, or leaves it alone. */
export type Colouring = (colour: Colour, text: string) => string;

export const COLOURED: Colouring = (colour, text) => styleText(colour, text);
export const COLOURLESS: Colouring = (_, text) => text;

export interface LineStyle {
  readonly colour: Colouring;
  readonly utc: boolean;
  /** All services, so that each has a colour of its own, the same at every run. */
  readonly services: readonly string[];
  /** Room for the container's name. */
  readonly width: number;
}

/** For people: when, which container, how grave, what; then the request, the error and the request id. Without a line feed. */
export function renderLine(line: Line, { colour, utc, services, width }: LineStyle, now = new Date()): string {
  const moment = new Date(textOf(line, '@timestamp'));
  const time = Number.isNaN(moment.getTime()) ? '-' : formatTime(moment, { now, utc });
  const service = textOf(line, 'service.name');
  const container = escapeControls(textOf(line, 'service.instance') || service || '-').padEnd(width);
  const level = levelOf(line['log.level']);
  const levelColour = LEVEL_COLOURS[level];
  const message = textOf(line, 'message');
  const error = textOf(line, 'error.message');
  const id = textOf(line, 'request.id');
  const parts = [
    colour('dim', time),
    colour(serviceColour(service, services), container),
    levelColour ? colour(levelColour, level.padEnd(5)) : level.padEnd(5),
    escapeControls(message),
    ...dim(requestOf(line, message)),
    ...(error === '' || message.includes(error) ? [] : [colour('red', `error: ${escapeControls(error)}`)]),
    ...dim(id === '' ? '' : `request: ${id}`),
  ];
  return parts.filter((part) => part !== '').join(' ');

  function dim(text: string): string[] {
    return text === '' ? [] : [colour('dim', escapeControls(text))];
  }
}

/** `GET /items/1 200 1.2ms`, without what the message says already. */
function requestOf(line: Line, message: string): string {
  const request = [textOf(line, 'http.request.method'), textOf(line, 'url.path')]
    .filter((part) => part !== '')
    .join(' ');
  const status = textOf(line, 'http.response.status_code');
  const nanoseconds = Number(line['event.duration'] ?? Number.NaN);
  const isSaid = request !== '' && message.includes(request);
  return [
    isSaid ? '' : request,
    isSaid && message.includes(`${request} ${status}`) ? '' : status,
    Number.isFinite(nanoseconds) ? formatDuration(nanoseconds) : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function formatDuration(nanoseconds: number): string {
  return nanoseconds < 1e9 ? `${(nanoseconds / 1e6).toFixed(1)}ms` : `${(nanoseconds / 1e9).toFixed(2)}s`;
}

function serviceColour(service: string, services: readonly string[]): Colour {
  const index = Math.max(0, services.indexOf(service));
  return SERVICE_COLOURS[index % SERVICE_COLOURS.length] ?? 'cyan';
}

/** As JSON, one line. DEL and the C1 controls are valid there, but terminals obey them. */
export function renderJson(line: Line): string {
  return JSON.stringify(line).replace(/[\x7f-\x9f]/g, (control) => `\\u${hex(control, 4)}`);
}

/**
 * Makes visible what a terminal would obey, or what would show text in another order than it has: C0 and C1 controls,
 * line and paragraph separators, directions of writing (Unicode 15, 23.2). A line stays one line.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (control) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[control];
    return short ?? (control < '\u0100' ? `\\x${hex(control, 2)}` : `\\u${hex(control, 4)}`);
  });
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}
