// SPDX-License-Identifier: BSL-1.0
// Certificates that one run of a test makes.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

let folder;

/** The path of one of those that certificates.sh makes, or of a key. */
export function path(name) {
  if (!folder) {
    folder = mkdtempSync(join(tmpdir(), 'hawser-'));
    process.on('exit', () => rmSync(folder, {recursive: true}));
    const script = fileURLToPath(new URL('certificates.sh', import.meta.url));
    execFileSync('bash', [script, folder]);
  }
  return join(folder, `${name}.pem`);
}

export const pem = (name) => readFileSync(path(name));

/** The arguments that make a program of ours the server, or trust an authority. */
export const serverOptions = () => ['--certificate', path('server'), '--key', path('server-key')];
export const clientOptions = (authority = 'authority') => ['--authority', path(authority)];
