import type { Mark } from './graph.js';

/** What a box stands for; decides its colour. */
export type Kind = 'host' | 'entry' | 'service' | 'data' | 'heap';

export interface Colours {
  readonly page: string;
  readonly text: string;
  readonly muted: string;
  /** Lines of allowed connections. */
  readonly line: string;
  /** Behind the names of containers and ports. */
  readonly chip: string;
  readonly kinds: Readonly<Record<Kind, { readonly fill: string; readonly stroke: string }>>;
  readonly marks: Readonly<Record<Mark, string>>;
}

export type Theme = 'light' | 'dark';

/** On GitHub's two backgrounds; each text has a contrast of at least 4.5 on what is behind it, each line one of 3. */
export const THEMES: Readonly<Record<Theme, Colours>> = {
  light: {
    page: '#ffffff',
    text: '#1f2328',
    muted: '#57606a',
    line: '#57606a',
    chip: '#ffffff',
    kinds: {
      host: { fill: '#f6f8fa', stroke: '#6e7781' },
      entry: { fill: '#e3f1ff', stroke: '#0969da' },
      service: { fill: '#e4f7f3', stroke: '#0a7d6c' },
      data: { fill: '#f5edff', stroke: '#8250df' },
      heap: { fill: '#fff6dd', stroke: '#9a6700' },
    },
    marks: { added: '#1a7f37', removed: '#cf222e', changed: '#9a6700' },
  },
  dark: {
    page: '#0d1117',
    text: '#e6edf3',
    muted: '#a1a9b3',
    line: '#9198a1',
    chip: '#0d1117',
    kinds: {
      host: { fill: '#161b22', stroke: '#848d97' },
      entry: { fill: '#0f2340', stroke: '#4493f8' },
      service: { fill: '#0c2b28', stroke: '#2eb5a0' },
      data: { fill: '#25183d', stroke: '#ab7df8' },
      heap: { fill: '#2d230c', stroke: '#d29922' },
    },
    marks: { added: '#3fb950', removed: '#ff7b72', changed: '#d29922' },
  },
};
