'use strict';
/**
 * What cdktf-cli uses of node-pty, by Node's own means. It is CommonJS, as cdktf-cli loads it with `require`.
 * Terraform asks and answers over pipes just as on a terminal; only its colours need the terminal, and cdktf strips those.
 */
const { spawn } = require('node:child_process');
const { StringDecoder } = require('node:string_decoder');

/** What a terminal sends for Ctrl-C; cdktf writes it to stop Terraform. */
const CTRL_C = '\x03';
/** For Terraform to stop by itself, where it cannot be told. */
const PATIENCE_MS = 10_000;
/** As a shell reports a program that could not be started. */
const NOT_STARTED = 127;

/**
 * @param {string} file
 * @param {string[] | string} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 */
exports.spawn = function (file, args, options) {
  const child = spawn(file, typeof args === 'string' ? [args] : args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    // As on a terminal of its own: Ctrl-C reaches cdktf alone, which passes it on. Of two, Terraform would drop what it does.
    detached: process.platform !== 'win32',
    // There it shares the console, and so gets its Ctrl-C.
    windowsHide: false,
  });
  /** @type {((text: string) => void)[]} */
  const listeners = [];
  /** @param {string} text */
  const tell = (text) => {
    // A terminal ends lines like this, and cdktf takes lines apart as a terminal gives them.
    const lines = text.replace(/\r?\n/g, '\r\n');
    for (const listener of listeners) listener(lines);
  };
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (/** @type {Buffer} */ chunk) => {
      tell(decoder.write(chunk));
    });
  }
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    /** @param {string} text */
    write(text) {
      if (text !== CTRL_C) child.stdin.write(text);
      else if (process.platform !== 'win32') child.kill('SIGINT');
      else {
        // There it is no signal but the end. The console has asked it already, or it asks something itself and gets no answer.
        child.stdin.end();
        setTimeout(() => child.kill(), PATIENCE_MS).unref();
      }
    },
    /** @param {(text: string) => void} listener */
    onData(listener) {
      listeners.push(listener);
    },
    /** @param {(end: { exitCode: number, signal?: number }) => void} listener */
    onExit(listener) {
      child.once('error', (error) => {
        tell(`${error.message}\n`);
        listener({ exitCode: NOT_STARTED });
      });
      // Not at `exit`: what it said last may still be on its way.
      child.once('close', (code) => {
        if (code !== null || child.signalCode !== null) listener({ exitCode: code ?? 1 });
      });
    },
  };
};
