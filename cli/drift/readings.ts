import { amount, asRecord, isOn, list, text, texts, type Values } from '../../policies/judge/values.js';
import { type Fact, set } from './facts.js';

/*
 * Readings of single values, so that a declaration and what the engine says of it come out in the same words. Null, an
 * empty list and an absent value are the same to an engine, and which of them it shows differs from one to the next.
 */

interface Container {
  readonly config: Values;
  readonly host: Values;
}

export function textOf(attribute: string) {
  return (values: Values): Fact => text(values[attribute]) ?? '';
}

export function flag(attribute: string) {
  return (values: Values): Fact => String(isOn(values[attribute]));
}

export function count(attribute: string) {
  return (values: Values): Fact => String(amount(values[attribute]));
}

export function listed(attribute: string) {
  return (values: Values): Fact => set(texts(values[attribute]));
}

/** The provider counts in MiB; -1 is unlimited. */
export function mebibytes(attribute: string, byDefault = 0) {
  return (values: Values): Fact => size(amount(values[attribute] ?? byDefault) * MEBIBYTE);
}

/** A namespace: the container's own, unless the declaration says whose. */
export function mode(attribute: string) {
  return (values: Values): Fact => namespace(text(values[attribute]));
}

export function inConfig(key: string) {
  return ({ config }: Container): Fact =>
    Array.isArray(config[key]) ? list(config[key]).map(String).join(' ') : (text(config[key]) ?? '');
}

export function hostText(key: string) {
  return ({ host }: Container): Fact => text(host[key]) ?? '';
}

export function hostFlag(key: string) {
  return ({ host }: Container): Fact => String(isOn(host[key]));
}

export function hostCount(key: string) {
  return ({ host }: Container): Fact => String(amount(host[key]));
}

export function hostList(key: string) {
  return ({ host }: Container): Fact => set(texts(host[key]));
}

export function hostSize(key: string) {
  return ({ host }: Container): Fact => size(amount(host[key]));
}

export function hostMode(key: string) {
  return ({ host }: Container): Fact => namespace(text(host[key]));
}

/** Settings as a set of `name=value`. */
export function pairs(record: unknown): Fact {
  return set(Object.entries(asRecord(record)).map(([name, value]) => `${name}=${text(value) ?? ''}`));
}

/** Blocks as a set of their fields, joined by colons. */
export function blocks(value: unknown, fields: readonly string[]): Fact {
  return set(list(value).map((block) => fields.map((field) => text(asRecord(block)[field]) ?? '').join(':')));
}

/** With and without its prefix, a capability is the same one. */
export function capabilities(value: unknown): Fact {
  return set(texts(value).map((name) => name.toUpperCase().replace(/^CAP_/, '')));
}

const MEBIBYTE = 1024 * 1024;

function size(bytes: number): string {
  return bytes % MEBIBYTE === 0 ? `${bytes / MEBIBYTE} MiB` : `${bytes} bytes`;
}

/** What engines call a namespace of a container's own; a container without a network named joins `bridge` at first. */
const OWN = new Set(['', 'private', 'shareable', 'default', 'bridge']);

function namespace(mode = ''): string {
  return OWN.has(mode) ? 'its own' : mode;
}
