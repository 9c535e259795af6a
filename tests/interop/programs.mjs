// SPDX-License-Identifier: BSL-1.0
// Starts the programs that the tests talk to, on free ports, and ends them.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {basename, delimiter, join} from 'node:path';
import {createInterface} from 'node:readline';

// The limit of every wait. Only a failing test waits so long.
const SECONDS = 20;

/** What the promise gives, unless that takes too long. */
export async function within(promise, what = 'this') {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took over ${SECONDS} s`)), SECONDS * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Conditions that tests wait for. */
export class Conditions {
  #waiting = new Set();

  /** Looks at the conditions again. To be called after each change. */
  changed() {
    for (const look of this.#waiting) look();
  }

  /** Resolves when the condition holds. */
  until(what, condition) {
    const found = new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
    return within(found, what);
  }
}

/** The path of an example or of a program of this folder, or undefined if it was not built. */
export function built(name) {
  for (const variable of ['HAWSER_PROGRAMS', 'HAWSER_EXAMPLES']) {
    for (const folder of (process.env[variable] ?? '').split(delimiter)) {
      const path = join(folder, name);
      if (folder && existsSync(path)) return path;
    }
  }
  return undefined;
}

/** A process whose output is read line by line. */
export class Program {
  constructor(name, ...parameters) {
    this.name = basename(name);
    const path = built(name);
    if (!path) throw new Error(`${name} is in none of HAWSER_PROGRAMS and HAWSER_EXAMPLES`);
    this.process = spawn(path, parameters, {stdio: ['pipe', 'pipe', 'pipe']});
    this.lines = createInterface({input: this.process.stdout})[Symbol.asyncIterator]();
    this.errors = '';
    this.process.stderr.setEncoding('utf-8').on('data', (text) => (this.errors += text));
    this.closed = once(this.process, 'close');
    this.closed.catch(() => {});
  }

  /** The next line of its output, or undefined when that is at its end. */
  async line() {
    return (await within(this.lines.next(), `a line of ${this.name}`)).value;
  }

  /** The address that it says first. */
  async url() {
    const line = await this.line();
    const found = /wss?:\/\/\S+/.exec(line ?? '');
    if (!found) throw new Error(`the first line of ${this.name} names no address: ${line}`);
    return found[0];
  }

  /** Its exit code, the rest of its output and its errors, after it has ended by itself. */
  async end() {
    this.process.stdin.end();
    const [code] = await within(this.closed, `the end of ${this.name}`);
    const output = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) {
      output.push(line);
    }
    return {code, output, errors: this.errors};
  }

  /** The same, after SIGINT. */
  interrupt() {
    this.process.kill('SIGINT');
    return this.end();
  }

  kill() {
    this.process.kill('SIGKILL');
  }
}
