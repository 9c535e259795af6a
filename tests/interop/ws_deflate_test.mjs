// SPDX-License-Identifier: BSL-1.0
// npm's ws and ours with compression, in both roles: the negotiated parameters, the echo of each message, and
// that fewer bytes are sent.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {WebSocket, WebSocketServer} from 'ws';

import {cleanups, echo, event, start} from './peers.mjs';

const JSON_TEXT = JSON.stringify(
  Array.from({length: 40}, (_, id) => ({id, name: `hawser ${id * 7}`, on: id % 3 === 0})),
);
const TEXTS = ['', 'ahoy', JSON_TEXT, JSON_TEXT, 'ἀγκύρα ⚓ 錨 🚢'.repeat(5000), 'a'.repeat(300_000)];
const NOISE = Buffer.from(Array.from({length: 70_000}, (_, n) => (n * n * 31 + (n >> 3)) & 255));
const WINDOWS = [9, 10, 11, 12, 13, 14, 15];

// The options of our programs.
const settings = ({
  own = 15,
  peer = 15,
  ownTakeover = true,
  peerTakeover = true,
  threshold = 0,
} = {}) => ['6', '8', own, peer, Number(ownTakeover), Number(peerTakeover), threshold].map(String);

/** A client of ws for our server: the connection, and what ours says was agreed on. */
async function asClient(theirs, ours) {
  const server = start('deflate_server', ...settings(ours));
  const peer = new WebSocket(await server.url(), {perMessageDeflate: {threshold: 0, ...theirs}});
  await event(peer, 'open');
  cleanups.push(() => peer.terminate());
  return {peer, agreed: await server.line(), ended: () => server.line()};
}

/** A server of ws for our client. */
async function asServer(theirs, ours) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: {threshold: 0, ...theirs},
  });
  cleanups.push(() => {
    server.clients.forEach((peer) => peer.terminate());
    server.close();
  });
  await event(server, 'listening');
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const client = start('deflate_client', url, ...settings(ours));
  const [peer] = await event(server, 'connection');
  return {peer, agreed: await client.line(), ended: () => client.line()};
}

/** Sends everything, and counts what went over the wire in both directions. */
async function converse({peer, ended}) {
  const before = [peer._socket.bytesRead, peer._socket.bytesWritten];
  let size = 0;
  for (const text of TEXTS) {
    assert.equal(await echo(peer, text), text);
    size += Buffer.byteLength(text);
  }
  const read = peer._socket.bytesRead - before[0];
  const written = peer._socket.bytesWritten - before[1];
  assert.ok(read < size / 10, `${read} bytes were received for ${size}`);
  assert.ok(written < size / 10, `${written} bytes were sent for ${size}`);
  assert.deepEqual(await echo(peer, NOISE), NOISE);
  const text = Buffer.from(JSON_TEXT);
  const answer = event(peer, 'message');
  for (let at = 0; at < text.length; at += 100) {
    peer.send(text.subarray(at, at + 100), {binary: false, fin: at + 100 >= text.length});
    peer.ping();
  }
  assert.equal((await answer)[0].toString(), JSON_TEXT);
  peer.close(1000);
  assert.equal(await ended(), 'ended 1000 clean ');
}

describe('a client of ws and our server', () => {
  it('agree on what ws offers by itself', async () => {
    const {peer, agreed, ended} = await asClient();
    assert.equal(agreed, 'agreed permessage-deflate');
    assert.equal(peer.extensions, 'permessage-deflate');
    await converse({peer, ended});
  });

  for (const bits of WINDOWS) {
    it(`keep to windows of ${bits} bits that the client wants`, async () => {
      const theirs = {serverMaxWindowBits: bits, clientMaxWindowBits: bits};
      const both = await asClient(theirs);
      const client = bits < 15 ? `; client_max_window_bits=${bits}` : '';
      assert.equal(both.agreed, `agreed permessage-deflate; server_max_window_bits=${bits}${client}`);
      await converse(both);
    });

    it(`keep to windows of ${bits} bits that the server wants`, async () => {
      const both = await asClient({}, {own: bits, peer: bits});
      const client = bits < 15 ? `; client_max_window_bits=${bits}` : '';
      assert.equal(both.agreed, `agreed permessage-deflate${client}`);
      await converse(both);
    });
  }

  it('keep no context if the client asks for that', async () => {
    const both = await asClient({serverNoContextTakeover: true, clientNoContextTakeover: true});
    assert.equal(
      both.agreed,
      'agreed permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    );
    await converse(both);
  });

  it('keep no context if the server wants that', async () => {
    const both = await asClient({}, {ownTakeover: false, peerTakeover: false});
    assert.equal(
      both.agreed,
      'agreed permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    );
    await converse(both);
  });

  it('compress nothing if it is not offered', async () => {
    const server = start('deflate_server', ...settings());
    const peer = new WebSocket(await server.url(), {perMessageDeflate: false});
    await event(peer, 'open');
    cleanups.push(() => peer.terminate());
    assert.equal(await server.line(), 'agreed nothing');
    assert.equal(await echo(peer, JSON_TEXT), JSON_TEXT);
  });

  it('send a broadcast between other messages', async () => {
    const server = start('deflate_server', ...settings());
    const url = await server.url();
    const peers = [{}, {serverNoContextTakeover: true}, {serverMaxWindowBits: 9}, false].map(
      (perMessageDeflate) => new WebSocket(url, {perMessageDeflate}),
    );
    cleanups.push(() => peers.forEach((peer) => peer.terminate()));
    await Promise.all(peers.map((peer) => event(peer, 'open')));
    for (let round = 0; round < 3; ++round) {
      for (const peer of peers) assert.equal(await echo(peer, JSON_TEXT), JSON_TEXT);
      const received = Promise.all(peers.map((peer) => event(peer, 'message')));
      peers[round].send(`/broadcast ${round} ${JSON_TEXT}`);
      for (const [message] of await received) assert.equal(message.toString(), `${round} ${JSON_TEXT}`);
    }
  });

  it('end with 1009 when a message explodes', async () => {
    const {peer, ended} = await asClient();
    const end = event(peer, 'close');
    peer.send(Buffer.alloc(64 * 1024 * 1024));
    assert.equal((await end)[0], 1009);
    assert.equal(await ended(), 'ended 1009: the message is too big');
  });
});

describe('a server of ws and our client', () => {
  it('agree on the most compatible offer', async () => {
    const both = await asServer();
    assert.equal(both.agreed, 'agreed permessage-deflate');
    await converse(both);
  });

  for (const bits of WINDOWS) {
    it(`keep to windows of ${bits} bits that the server wants`, async () => {
      const both = await asServer({clientMaxWindowBits: bits, serverMaxWindowBits: bits});
      assert.equal(
        both.agreed,
        `agreed permessage-deflate; client_max_window_bits=${bits}; server_max_window_bits=${bits}`,
      );
      await converse(both);
    });

    it(`keep to windows of ${bits} bits that the client wants`, async () => {
      const both = await asServer({}, {own: bits, peer: bits});
      const server = bits < 15 ? `; server_max_window_bits=${bits}` : '';
      assert.equal(both.agreed, `agreed permessage-deflate${server}`);
      await converse(both);
    });
  }

  it('keep no context if the client asks for that', async () => {
    const both = await asServer({}, {ownTakeover: false, peerTakeover: false});
    assert.equal(
      both.agreed,
      'agreed permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    );
    await converse(both);
  });

  it('keep no context if the server wants that', async () => {
    const both = await asServer({serverNoContextTakeover: true, clientNoContextTakeover: true});
    assert.equal(
      both.agreed,
      'agreed permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    );
    await converse(both);
  });

  it('do without what the server refuses', async () => {
    // This server grants no smaller window, so it takes the second offer.
    const both = await asServer({serverMaxWindowBits: false}, {peer: 10});
    assert.equal(both.agreed, 'agreed permessage-deflate');
    await converse(both);
  });
});
