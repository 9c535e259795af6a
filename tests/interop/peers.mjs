// SPDX-License-Identifier: BSL-1.0
// Functions for every test with npm's ws: they start our programs, wait for events, send, receive and clean up.
import {once} from 'node:events';
import {afterEach} from 'node:test';

import {Program, within} from './programs.mjs';

/** The functions to call when the test has ended, the last one first. */
export const cleanups = [];

afterEach(() => {
  while (cleanups.length > 0) cleanups.pop()();
});

export function start(...command) {
  const program = new Program(...command);
  cleanups.push(() => program.kill());
  return program;
}

/** What a peer says, each time within the deadline. */
export const event = (peer, name) => within(once(peer, name), `'${name}'`);

export async function echo(peer, data) {
  const answer = event(peer, 'message');
  peer.send(data);
  const [echoed, binary] = await answer;
  return binary ? echoed : echoed.toString();
}
