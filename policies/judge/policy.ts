import type { ContainerFacts, Subject } from './subject.js';

/** A rule that every deployment keeps. Its id is the name of its file in `policies/`, without `.ts`. */
export interface Policy {
  /** One sentence: what goes wrong without it. */
  readonly why: string;
  /** What to do about a violation, without breaking the policy. */
  readonly fix: string;
  /** The environments that it holds in. @default all of them */
  readonly environments?: readonly string[];
  /** What breaks it. */
  readonly judge: (subject: Subject) => readonly Violation[];
}

/** A policy and its id: the name of its file. */
export interface NamedPolicy extends Policy {
  readonly id: string;
}

export interface Violation {
  /** The service, or the Terraform resource where it is no service's. */
  readonly subject: string;
  /** What is wrong with it, e.g. `its root file system is writable`. Never a value that may be a secret. */
  readonly what: string;
}

/** Judges one container after the other; `check` says what is wrong with it. */
export function eachContainer(check: (container: ContainerFacts, subject: Subject) => readonly string[]) {
  return (subject: Subject): Violation[] =>
    subject.containers.flatMap((container) =>
      check(container, subject).map((what) => ({ subject: container.subject, what })),
    );
}

/** The same for those that run: a seeder is created to hold files, and never started. */
export function eachRunningContainer(check: (container: ContainerFacts, subject: Subject) => readonly string[]) {
  return eachContainer((container, subject) => (container.runs ? check(container, subject) : []));
}
