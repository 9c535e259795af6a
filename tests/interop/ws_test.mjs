// SPDX-License-Identifier: BSL-1.0
// npm's ws as the client of our server and as the server of our client.
import assert from 'node:assert/strict';
import {createServer as createHttpsServer} from 'node:https';
import {createServer} from 'node:net';
import {describe, it} from 'node:test';

import {WebSocket, WebSocketServer} from 'ws';

import * as certificates from './certificates.mjs';
import {cleanups, echo, event, start} from './peers.mjs';
import {built} from './programs.mjs';

// The programs that could be built.
const ECHO_SERVERS = ['echo_server', 'event_echo_server', 'coroutine_echo_server'].filter(
  (name) => name === 'echo_server' || built(name),
);
const TEXTS = ['', 'ahoy', 'ἀγκύρα ⚓ 錨 🚢', 'a\0b', '\ufeff\ufffe', 'é'.repeat(40_000)];
const SIZES = [0, 125, 126, 65_535, 65_536, 1_000_000];
const CLOSINGS = [
  [1000, ''],
  [1001, 'on its way'],
  [1011, 'broken'],
  [3000, 'χαῖρε'],
  [4999, 'x'.repeat(123)],
];

const pattern = (size) => Buffer.alloc(size, Buffer.from(Array.from({length: 251}, (_, n) => n)));

async function ending(peer) {
  const [code, reason] = await event(peer, 'close');
  return [code, reason.toString()];
}

/** A client of ws for a server of ours that only sends back what comes. */
const asClientOf = (name) => ({
  limit: 16 * 1024 * 1024,

  async open(options = {}) {
    const peer = new WebSocket(await start(name, '0').url(), options);
    await event(peer, 'open');
    cleanups.push(() => peer.terminate());
    return {peer};
  },
});

/** A client of ws for a server of ours that follows commands. */
const asClient = (name, secure) => ({
  limit: 1024 * 1024,

  async open(options = {}) {
    const ours = start(name, ...(secure ? certificates.serverOptions() : []));
    const trust = secure ? {ca: certificates.pem('authority')} : {};
    const peer = new WebSocket(await ours.url(), {...trust, ...options});
    await event(peer, 'open');
    cleanups.push(() => peer.terminate());
    return {peer, ended: () => ours.line()};
  },
});

/** A server of ws for a client of ours that follows commands. */
const asServer = (name, secure) => ({
  limit: 16 * 1024 * 1024,

  async open(options = {}) {
    const server = await (secure ? listenSecurely(options) : listen(options));
    const ours = start(name, server.url, ...(secure ? certificates.clientOptions() : []));
    const [peer] = await event(server, 'connection');
    assert.equal(await ours.line(), 'subprotocol other');
    return {peer, ended: () => ours.line()};
  },
});

async function listen(options) {
  const server = new WebSocketServer({host: '127.0.0.1', port: 0, ...options});
  cleanups.push(() => {
    server.clients.forEach((peer) => peer.terminate());
    server.close();
  });
  await event(server, 'listening');
  server.url = `ws://127.0.0.1:${server.address().port}/`;
  return server;
}

async function listenSecurely(options) {
  const identity = {cert: certificates.pem('server'), key: certificates.pem('server-key')};
  const https = createHttpsServer(identity).listen(0, '127.0.0.1');
  cleanups.push(() => https.close());
  await event(https, 'listening');
  const server = new WebSocketServer({server: https, ...options});
  cleanups.push(() => server.clients.forEach((peer) => peer.terminate()));
  server.url = `wss://localhost:${https.address().port}/`;
  return server;
}

const BLOCKING = [
  ['a client of ws and our server', asClient('scripted_server')],
  ['a client of ws and our server, by TLS', asClient('scripted_server', true)],
  ['a server of ws and our client', asServer('scripted_client')],
  ['a server of ws and our client, by TLS', asServer('scripted_client', true)],
];
const SCRIPTED = [
  ...BLOCKING,
  ['a client of ws and our event server', asClient('event_server')],
  ['a client of ws and our event server, by TLS', asClient('event_server', true)],
  ['a server of ws and our event client', asServer('event_client')],
  ['a server of ws and our event client, by TLS', asServer('event_client', true)],
];
const ECHOING = ECHO_SERVERS.map((name) => [`a client of ws and ${name}`, asClientOf(name)]);

for (const [name, role] of [...SCRIPTED, ...ECHOING]) {
  describe(name, () => {
    it('exchange text that comes back equal', async () => {
      const {peer} = await role.open();
      for (const text of TEXTS) assert.equal(await echo(peer, text), text);
    });

    it('exchange binary that comes back equal', async () => {
      const {peer} = await role.open();
      for (const size of SIZES) assert.deepEqual(await echo(peer, pattern(size)), pattern(size));
    });

    it('do not compress', async () => {
      const {peer} = await role.open({perMessageDeflate: {threshold: 0}});
      assert.equal(peer.extensions, '');
      const text = 'a'.repeat(100_000);
      assert.equal(await echo(peer, text), text);
    });

    it('make one message of fragments', async () => {
      const {peer} = await role.open();
      const text = Buffer.from('ἀγκύρα ⚓ 錨 🚢'.repeat(100));
      for (const binary of [true, false]) {
        for (const size of [1, 3, 125, 126, text.length]) {
          const answer = event(peer, 'message');
          for (let at = 0; at < text.length; at += size) {
            peer.send(text.subarray(at, at + size), {binary, fin: false});
            if (at % 8 === 0) peer.ping();
          }
          peer.send('', {binary, fin: true});
          assert.deepEqual(await answer, [text, binary]);
        }
      }
    });

    it('answer pings with their payload', async () => {
      const {peer} = await role.open();
      for (const payload of [Buffer.alloc(0), Buffer.from('ahoy'), pattern(125)]) {
        const answer = event(peer, 'pong');
        peer.ping(payload);
        assert.deepEqual(await answer, [payload]);
      }
    });

    it('accept an unsolicited pong and continue', async () => {
      const {peer} = await role.open();
      peer.pong('unasked');
      assert.equal(await echo(peer, 'ahoy'), 'ahoy');
    });

    it('close with the code that came', async () => {
      for (const [code, reason] of CLOSINGS) {
        const {peer} = await role.open();
        peer.close(code, reason);
        assert.equal((await ending(peer))[0], code);
      }
    });

    it('close with 1009 when a message is too large for us', async () => {
      const {peer} = await role.open();
      peer.on('error', () => {});
      peer.send(Buffer.alloc(role.limit + 1));
      assert.equal((await ending(peer))[0], 1009);
    });
  });
}

for (const [name, role] of BLOCKING) {
  it(`${name} make one message of our fragments`, async () => {
    const {peer} = await role.open();
    const text = 'ἀγκύρα ⚓ 錨 🚢'.repeat(100);
    for (const size of [1, 3, 125, 126, 10_000]) {
      assert.equal(await echo(peer, `/fragments ${size} ${text}`), text);
    }
  });
}

for (const [name, role] of SCRIPTED) {
  describe(name, () => {
    it('wait for a slow reader', async () => {
      const {peer, ended} = await role.open();
      let size = 0;
      peer.on('message', (data) => (size += data.length));
      peer.send('/flood 64');
      peer.send('/close 1000');
      assert.deepEqual(await ending(peer), [1000, '']);
      assert.equal(size, 64_000_000);
      assert.equal(await ended(), 'ended 1000 clean ');
    });

    it('answer our pings', async () => {
      const {peer} = await role.open();
      assert.equal(await echo(peer, '/pong?'), 'no');
      const ping = event(peer, 'ping');
      peer.send('/ping ahoy');
      assert.deepEqual(await ping, [Buffer.from('ahoy')]);
      assert.equal(await echo(peer, '/pong?'), 'yes');
    });

    it('accept an unsolicited pong', async () => {
      const {peer} = await role.open();
      peer.pong('unasked');
      assert.equal(await echo(peer, 'ahoy'), 'ahoy');
      assert.equal(await echo(peer, '/pong?'), 'no');
    });

    for (const [code, reason] of CLOSINGS) {
      it(`close with ${code}, whichever side begins`, async () => {
        let {peer, ended} = await role.open();
        peer.close(code, reason);
        // ws reports the code of the answer.
        assert.deepEqual((await ending(peer))[0], code);
        assert.equal(await ended(), `ended ${code} clean ${reason}`);

        ({peer, ended} = await role.open());
        peer.send(`/close ${code} ${reason}`);
        assert.deepEqual(await ending(peer), [code, reason]);
        assert.equal(await ended(), `ended ${code} clean ${reason}`);
      });
    }

    it('close without a code, whichever side begins', async () => {
      for (const close of [(peer) => peer.close(), (peer) => peer.send('/close')]) {
        const {peer, ended} = await role.open();
        close(peer);
        assert.deepEqual(await ending(peer), [1005, '']);
        assert.equal(await ended(), 'ended 1005 clean ');
      }
    });

    it('report 1006 when the connection is lost', async () => {
      let {peer, ended} = await role.open();
      peer.terminate();
      assert.match(await ended(), /^ended 1006: .*(the peer ended|reset|truncated)/);

      ({peer, ended} = await role.open());
      peer.send('/drop');
      assert.deepEqual(await ending(peer), [1006, '']);
      assert.equal(await ended(), 'ended 1006: the connection was ended from this side');
    });

    it('close with 1009 when a message is too large for either', async () => {
      let {peer, ended} = await role.open({maxPayload: 1000});
      peer.on('error', () => {});
      peer.send('a'.repeat(1001));
      assert.match(await ended(), /^ended 1009 clean/);

      ({peer, ended} = await role.open());
      peer.on('error', () => {});
      peer.send(Buffer.alloc(role.limit + 1));
      assert.equal((await ending(peer))[0], 1009);
      assert.equal(await ended(), 'ended 1009: the message is too big');
    });
  });
}

for (const name of ECHO_SERVERS) {
  it(`fifty clients of ws are served at once by ${name}, and get 1001 at the end`, async () => {
    const server = start(name, '0');
    const url = await server.url();
    const peers = Array.from({length: 50}, () => new WebSocket(url));
    cleanups.push(() => peers.forEach((peer) => peer.terminate()));
    await Promise.all(peers.map((peer) => event(peer, 'open')));
    await Promise.all(
      peers.map(async (peer, number) => {
        for (let n = 0; n < 20; ++n) {
          assert.equal(await echo(peer, `⚓ ${number} ${n}`), `⚓ ${number} ${n}`);
        }
        if (number % 2 === 0) return;
        peer.close(4000, String(number));
        assert.equal((await ending(peer))[0], 4000);
      }),
    );
    const endings = peers.filter((_, number) => number % 2 === 0).map(ending);
    const {code, output} = await server.interrupt();
    assert.deepEqual([code, output], [0, []]);
    for (const end of endings) assert.equal((await end)[0], 1001);
  });
}

describe('a client of ws', () => {
  it('agrees on a subprotocol or on none', async () => {
    const url = await start('scripted_server').url();
    for (const [offered, chosen] of [
      [[], ''],
      [['other', 'script'], 'script'],
    ]) {
      const peer = new WebSocket(url, offered);
      await event(peer, 'open');
      assert.equal(peer.protocol, chosen);
      peer.terminate();
    }
    // ws requires a subprotocol if it has offered some.
    const [error] = await event(new WebSocket(url, ['other']), 'error');
    assert.equal(error.message, 'Server sent no subprotocol');
  });

  it('is refused as a page of another site', async () => {
    const url = await start('scripted_server').url();
    const peer = new WebSocket(url, {origin: 'https://example.com'});
    peer.on('error', () => {});
    const [, response] = await event(peer, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    peer.terminate();
  });

  it('gets 1001 when our server stops', async () => {
    const server = start('scripted_server');
    const peer = new WebSocket(await server.url());
    await event(peer, 'open');
    assert.equal(await echo(peer, 'ahoy'), 'ahoy');
    const closed = ending(peer);
    assert.deepEqual(await server.interrupt(), {code: 0, output: ['ended 1001 clean '], errors: ''});
    assert.deepEqual(await closed, [1001, '']);
  });
});

for (const name of ['scripted_server', 'event_server']) {
  it(`${name} is not believed by a client of ws without its authority`, async () => {
    const url = await start(name, ...certificates.serverOptions()).url();
    for (const [address, authority, code] of [
      [url, 'stranger', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [url, undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [url.replace('localhost', '127.0.0.1'), 'authority', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ]) {
      const trust = authority ? {ca: certificates.pem(authority)} : {};
      const [error] = await event(new WebSocket(address, trust), 'error');
      assert.equal(error.code, code);
    }
    // The refused client has not affected the server.
    const peer = new WebSocket(url, {ca: certificates.pem('authority')});
    cleanups.push(() => peer.terminate());
    await event(peer, 'open');
    assert.equal(await echo(peer, 'ahoy'), 'ahoy');
  });
}

for (const name of ['scripted_client', 'event_client']) {
  it(`${name} does not believe a server of ws without its authority`, async () => {
    const {url} = await listenSecurely({});
    for (const [address, options, why] of [
      [url, certificates.clientOptions('stranger'), /authority is unknown or not trusted$/],
      [url, [], /authority is unknown or not trusted$/],
      [
        url.replace('localhost', '127.0.0.1'),
        certificates.clientOptions(),
        /the certificate is not for this address$/,
      ],
    ]) {
      const {code, output, errors} = await start(name, address, ...options).end();
      assert.deepEqual([code, errors, output.length], [0, '', 1]);
      assert.match(output[0], why);
    }
  });
}

describe('the echo client', () => {
  const once = (url, text = 'ahoy') => start('echo_client', url, '--once', text).end();

  function assertFailed({code, output, errors}, sentence) {
    assert.deepEqual([code, output], [1, []]);
    assert.match(errors, sentence);
  }

  it('prints what a server of ws sends back', async () => {
    const server = await listen({});
    server.on('connection', (peer) => {
      peer.on('message', (data, binary) => peer.send(data, {binary}));
    });
    for (const text of ['ahoy', 'ἀγκύρα ⚓ 錨 🚢', 'é'.repeat(40_000)]) {
      assert.deepEqual(await once(server.url, text), {code: 0, output: [text], errors: ''});
    }
  });

  for (const status of [401, 403, 404]) {
    it(`names the status ${status} of a refusal`, async () => {
      const server = await listen({verifyClient: (_, verdict) => verdict(false, status, 'no')});
      assertFailed(await once(server.url), new RegExp(`HTTP status ${status}`));
    });
  }

  it('names the code and the reason of a closing', async () => {
    const server = await listen({});
    server.on('connection', (peer) => peer.on('message', () => peer.close(1011, 'out of rope')));
    assertFailed(await once(server.url), /code 1011 \(internal error\): out of rope/);
  });

  it('reports a connection that is lost', async () => {
    const server = await listen({});
    server.on('connection', (peer) => peer.on('message', () => peer.terminate()));
    assertFailed(await once(server.url), /the peer ended the stream .*code 1006/);
  });

  it('fails where there is no server, or one of another kind', async () => {
    const talker = createServer((socket) => socket.resume().end('220 mail.example.com ESMTP\r\n'));
    cleanups.push(() => talker.close());
    talker.listen(0, '127.0.0.1');
    await event(talker, 'listening');
    const url = `ws://127.0.0.1:${talker.address().port}/`;
    assertFailed(await once(url), /^No connection to ws:\/\/127\.0\.0\.1.*malformed/);
    talker.close();
    await event(talker, 'close');
    assertFailed(await once(url), /^No connection to ws:\/\/127\.0\.0\.1.*refused/);
  });
});
