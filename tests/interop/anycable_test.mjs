// SPDX-License-Identifier: BSL-1.0
// npm's @anycable/core as the client of our server. data/anycable_client.json records it with a scripted server: what
// the client sends there, it sends here.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {after, describe, it} from 'node:test';
import {isDeepStrictEqual} from 'node:util';

import {createCable} from '@anycable/core';
import WebSocket from 'ws';

import {Conditions, Program, within} from './programs.mjs';

const RECORDED = JSON.parse(
  readFileSync(new URL('data/anycable_client.json', import.meta.url), 'utf-8'),
).scenarios;
const PLAIN = 'actioncable-v1-json';
const EXTENDED = 'actioncable-v1-ext-json';
const ROOM = {room: 1};
// The name chat/2023 as AnyCable signs it, with the secret s3Krit.
const SIGNED = 'ImNoYXQvMjAyMyI=--2b2e054b6413bf3bc7e8bbad2f68962aa2ba19821800ccbd8de6fd7314e8320c';

/** A token of AnyCable that identifies a user for so many seconds from now. */
function token(user, seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const expiry = Math.floor(Date.now() / 1000) + seconds;
  const text = `${part({alg: 'HS256'})}.${part({ext: JSON.stringify({user}), exp: expiry})}`;
  return `${text}.${createHmac('sha256', 'secret').update(text).digest('base64url')}`;
}

/** A value without members that are undefined. */
const known = (value) => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

/** What happens to the clients of one server. */
class Story extends Conditions {
  constructor(program) {
    super();
    this.program = program;
    this.cables = [];
    after(() => this.end());
  }

  async begin() {
    this.url = await this.program.url();
    return this;
  }

  end() {
    for (const cable of this.cables) {
      cable.disconnect();
      cable.monitor.dispose();
    }
    this.program.kill();
  }

  /** A client, and what it notes: its frames and its events. It reconnects at once. */
  client(options = {}, query = '?user=ann') {
    const notes = {sent: [], received: [], targets: [], events: []};
    const story = this;

    /** A socket of ws that records the frames, and sends none while `held` is an array. */
    class Socket extends WebSocket {
      constructor(url, protocols, settings) {
        super(url, protocols, {perMessageDeflate: false, ...settings});
        notes.targets.push(new URL(url).search);
        this.on('message', (data) => {
          notes.received.push(JSON.parse(data));
          story.changed();
        });
        this.on('error', () => {});
      }

      send(text) {
        if (notes.held) return notes.held.push(() => this.send(text));
        notes.sent.push(JSON.parse(text));
        story.changed();
        return super.send(text);
      }
    }

    const cable = createCable(this.url + query, {
      protocol: EXTENDED,
      websocketImplementation: Socket,
      reconnectStrategy: () => 0,
      logLevel: 'error',
      ...options,
    });
    this.cables.push(cable);
    this.note(notes.events, cable, 'cable', ['connect', 'disconnect', 'close', 'info']);
    return {cable, notes};
  }

  /** Notes events of a cable or channel, with what they bring. */
  note(events, of, name, kinds) {
    for (const kind of kinds) {
      of.on(kind, (what, meta) => {
        const value = what instanceof Error ? (what.reason ?? what.message) : known(what);
        events.push({of: name, kind, value, meta});
        this.changed();
      });
    }
  }

  /** A channel that is subscribed, and notes its events. */
  async channel({cable, notes}, parameters = ROOM, name = 'ChatChannel') {
    const made = cable.subscribeTo(name, parameters);
    this.note(notes.events, made, 'channel', ALL_OF_A_CHANNEL);
    await within(made.ensureSubscribed(), 'a subscription');
    return made;
  }

  async post(path, body, headers = {}) {
    const url = new URL(path, this.url.replace('ws:', 'http:'));
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: body === undefined ? '' : JSON.stringify(body),
    });
    assert.ok(response.ok, `${path} gave ${response.status}`);
  }

  broadcast(data, meta = {}, stream = 'chat_1') {
    return this.post('/_broadcast', {stream, data: JSON.stringify(data), meta});
  }

  event(notes, of, kind, value) {
    return this.until(`${of} ${kind} ${JSON.stringify(value)}`, () =>
      notes.events.some(
        (one) => one.of === of && one.kind === kind && isDeepStrictEqual(one.value, value),
      ),
    );
  }

  message(notes, value) {
    return this.event(notes, 'channel', 'message', value);
  }
}

const ALL_OF_A_CHANNEL = ['connect', 'disconnect', 'close', 'message', 'presence', 'info'];

const valuesOf = (notes, kind) =>
  notes.events.filter((one) => one.of === 'channel' && one.kind === kind).map(({value}) => value);
const messages = (notes) => valuesOf(notes, 'message');
const offsets = (notes) =>
  notes.events.filter((one) => one.kind === 'message').map((one) => one.meta.offset);

/** Runs a scenario with a server of its own, since all run at once. */
function scenario(name, perform, ...options) {
  it(name, async () => {
    await perform(await new Story(new Program('anycable_server', ...options)).begin());
  });
}

/** Frames of a client without what another run chooses: times, epochs, rooms' streams. */
function comparable(frames) {
  return frames
    .filter((frame) => frame.command !== 'pong')
    .map((frame) => {
      const copy = structuredClone(frame);
      if (copy.history) {
        copy.history = Object.values(copy.history.streams).map(({offset}) => offset);
      }
      return copy;
    });
}

function recordedFrames() {
  return RECORDED.extended.events
    .filter((event) => event.from === 'client' && event.frame === 'text')
    .map((event) => JSON.parse(event.payload));
}

describe('@anycable/core and our server with the plain protocol', {concurrency: true}, () => {
  const options = {protocol: PLAIN};

  scenario('subscribes, performs, receives and unsubscribes', async (story) => {
    const one = story.client(options);
    const channel = await story.channel(one);
    assert.equal(one.cable.transport.ws.protocol, PLAIN);
    await channel.perform('speak', {text: 'hi'});
    await story.message(one.notes, {user: 'ann', text: 'hi'});
    await story.broadcast({from: 'outside'});
    await story.message(one.notes, {from: 'outside'});
    channel.disconnect();
    await story.until('unsubscribe', () => one.notes.sent.at(-1).command === 'unsubscribe');
    assert.deepEqual(valuesOf(one.notes, 'disconnect'), []);
  });

  scenario('subscribes again after a restart', async (story) => {
    const one = story.client(options);
    await story.channel(one);
    await story.post('/restart');
    await story.event(one.notes, 'cable', 'disconnect', 'server_restart');
    await story.event(one.notes, 'channel', 'connect', {reconnect: true, restored: false});
    await story.broadcast('again');
    await story.message(one.notes, 'again');
  });

  scenario('closes a channel that is rejected', async (story) => {
    const one = story.client(options);
    await assert.rejects(story.channel(one, {}), {name: 'SubscriptionRejectedError'});
  });

  scenario('is not authorised without a user', async (story) => {
    const one = story.client(options, '');
    await assert.rejects(within(one.cable.connect()), {reason: 'unauthorized'});
    assert.equal(one.cable.state, 'closed');
  });
});

describe('@anycable/core and our server', {concurrency: true}, () => {
  scenario('sends what was recorded', async (story) => {
    const {cable, notes} = story.client({protocolOptions: {pongs: true}}, '?user=u1');
    const channel = await story.channel({cable, notes}, {room: 1, b: 2, a: 1});
    assert.equal(cable.transport.ws.protocol, EXTENDED);
    await story.broadcast({hi: 1});
    await story.message(notes, {hi: 1});
    await story.until('a pong', () => notes.sent.some(({command}) => command === 'pong'));
    await channel.perform('speak', {text: 'x'});
    await story.message(notes, {user: 'u1', text: 'x'});
    await channel.whisper({event: 'typing'});
    await channel.presence.join('u1', {n: 1});
    await story.event(notes, 'channel', 'presence', {type: 'join', id: 'u1', info: {n: 1}});
    assert.deepEqual(await within(channel.presence.info()), {u1: {n: 1}});

    await story.post('/drop');
    await story.event(notes, 'channel', 'connect', {reconnect: true, restored: true});
    await story.event(notes, 'channel', 'info', {type: 'history_received'});
    await story.broadcast({missed: 1});
    await story.message(notes, {missed: 1});
    await channel.presence.leave();
    await story.event(notes, 'channel', 'presence', {type: 'leave', id: 'u1'});

    await story.post('/restart');
    await story.event(notes, 'cable', 'disconnect', 'server_restart');
    await story.event(notes, 'channel', 'connect', {reconnect: true, restored: false});
    await within(cable.streamFrom('news').ensureSubscribed());
    await within(cable.streamFromSigned(SIGNED).ensureSubscribed());
    channel.disconnect();
    await story.until('unsubscribe', () => notes.sent.at(-1).command === 'unsubscribe');

    const recorded = comparable(recordedFrames());
    const signed = recorded.find(({identifier}) => identifier.includes('signed_stream_name'));
    signed.identifier = signed.identifier.replace('c2ln--abc', SIGNED);
    assert.deepEqual(comparable(notes.sent), recorded);
    assert.match(notes.targets[1], /^\?user=u1&sid=[-_A-Za-z0-9]{24}$/);
    assert.equal(notes.targets[2], '?user=u1&sid=');
  });

  scenario('gets positions that grow by one', async (story) => {
    const one = story.client();
    await story.channel(one);
    for (const text of [1, 2, 3]) await story.broadcast({text});
    await story.message(one.notes, {text: 3});
    const metas = one.notes.events.filter(({kind}) => kind === 'message').map(({meta}) => meta);
    assert.deepEqual(
      metas.map(({stream, offset}) => [stream, offset]),
      [1, 2, 3].map((offset) => ['chat_1', offset]),
    );
    assert.equal(new Set(metas.map(({epoch}) => epoch)).size, 1);
  });

  for (const how of ['query', 'header']) {
    scenario(`is restored by the sid of its ${how}`, async (story) => {
      const headers = {};
      const one = story.client({
        reconnectStrategy: () => 1e8,
        websocketOptions: {headers},
      });
      await story.channel(one);
      await story.broadcast({text: 'before'});
      await story.message(one.notes, {text: 'before'});
      const sid = one.cable.sessionId;
      await story.post('/drop');
      await story.event(one.notes, 'cable', 'disconnect', 'transport_closed');
      await story.broadcast({text: 'missed'});
      if (how === 'header') {
        one.cable.transport.setParam('sid', '');
        headers['X-ANYCABLE-RESTORE-SID'] = sid;
      }
      one.cable.monitor.reconnectNow();
      await story.event(one.notes, 'cable', 'connect', {reconnect: true, restored: true});
      await story.event(one.notes, 'channel', 'connect', {reconnect: true, restored: true});
      await story.message(one.notes, {text: 'missed'});
      assert.notEqual(one.cable.sessionId, sid);
      await story.broadcast({text: 'after'});
      await story.message(one.notes, {text: 'after'});
      assert.deepEqual(messages(one.notes), ['before', 'missed', 'after'].map((text) => ({text})));
    });
  }

  scenario('gets each message once when some come while it asks for history', async (story) => {
    // Without pings for a while, after which the server would not wait for the question.
    const {cable, notes} = story.client({pingInterval: 60_000}, '?user=ann&pi=60');
    await story.channel({cable, notes});
    await story.broadcast(1);
    await story.message(notes, 1);
    notes.held = [];
    await story.post('/drop');
    await story.event(notes, 'cable', 'connect', {reconnect: true, restored: true});
    await story.broadcast(2);
    await story.broadcast(3);
    // They may be on their way already when the question leaves.
    const held = notes.held.splice(0);
    delete notes.held;
    for (const send of held) send();
    await story.broadcast(4);
    await story.message(notes, 4);
    assert.deepEqual(messages(notes), [1, 2, 3, 4]);
    assert.deepEqual(offsets(notes), [1, 2, 3, 4]);
    assert.deepEqual(valuesOf(notes, 'info'), [
      {type: 'history_received'},
    ]);
  });

  scenario('asks for what it has missed after a restart', async (story) => {
    const one = story.client({reconnectStrategy: () => 1e8});
    await story.channel(one);
    await story.broadcast(1);
    await story.message(one.notes, 1);
    await story.post('/restart');
    await story.event(one.notes, 'cable', 'disconnect', 'server_restart');
    await story.broadcast(2);
    one.cable.monitor.reconnectNow();
    await story.event(one.notes, 'channel', 'connect', {reconnect: true, restored: false});
    await story.message(one.notes, 2);
    await story.broadcast(3);
    await story.message(one.notes, 3);
    assert.deepEqual(messages(one.notes), [1, 2, 3]);
  });

  scenario('learns that the history of another process is not there', async (story) => {
    const one = story.client({reconnectStrategy: () => 1e8});
    await story.channel(one);
    await story.broadcast(1);
    await story.message(one.notes, 1);
    await story.post('/drop');
    await story.event(one.notes, 'cable', 'disconnect', 'transport_closed');
    const next = await new Story(new Program('anycable_server')).begin();
    const other = next.client();
    await next.channel(other);
    await next.broadcast(2);
    await next.message(other.notes, 2);
    const url = new URL(one.cable.transport.url);
    url.port = new URL(next.url).port;
    one.cable.transport.setURL(url.href);
    one.cable.monitor.reconnectNow();
    await story.event(one.notes, 'channel', 'info', {type: 'history_not_found'});
    await story.event(one.notes, 'channel', 'connect', {reconnect: true, restored: false});
    await next.broadcast(3);
    await story.message(one.notes, 3);
    assert.deepEqual(messages(one.notes), [1, 3]);
  });

  scenario('continues without asking for what it has missed', async (story) => {
    const one = story.client({historyTimestamp: false});
    const [first, second] = [await story.channel(one), await story.channel(one, {room: 2})];
    await story.broadcast(1);
    await story.message(one.notes, 1);
    await story.post('/drop');
    await story.until('two restored channels', () => one.notes.events.filter(
      ({of, kind, value}) => of === 'channel' && kind === 'connect' && value.restored).length === 2);
    await story.broadcast(2);
    await story.message(one.notes, 2);
    await story.broadcast(3, {}, 'chat_2');
    await story.message(one.notes, 3);
    await story.post('/restart');
    await story.event(one.notes, 'cable', 'disconnect', 'server_restart');
    await within(Promise.all([first.ensureSubscribed(), second.ensureSubscribed()]));
    await story.broadcast(4);
    await story.message(one.notes, 4);
    assert.deepEqual(messages(one.notes), [1, 2, 3, 4]);
  });

  scenario('whispers to all others', async (story) => {
    const [a, b] = [story.client(), story.client()];
    const channel = await story.channel(a);
    await story.channel(b);
    await channel.whisper({event: 'typing'});
    await story.message(b.notes, {event: 'typing'});
    await story.broadcast({text: 'after'});
    await story.message(a.notes, {text: 'after'});
    assert.deepEqual(messages(a.notes), [{text: 'after'}]);
  });

  scenario('knows those that are present', async (story) => {
    const [a, b] = [story.client(), story.client()];
    const [channel, other] = [await story.channel(a), await story.channel(b)];
    await channel.presence.join(7, {name: 'Ann'});
    await story.event(b.notes, 'channel', 'presence', {type: 'join', id: '7', info: {name: 'Ann'}});
    assert.deepEqual(await within(other.presence.info()), {7: {name: 'Ann'}});
    await other.presence.join(8, {name: 'Bob'});
    await story.event(a.notes, 'channel', 'presence', {type: 'join', id: '8', info: {name: 'Bob'}});
    await channel.presence.leave();
    await story.event(b.notes, 'channel', 'presence', {type: 'leave', id: '7'});
    assert.deepEqual(await within(other.presence.info()), {8: {name: 'Bob'}});
    other.disconnect();
    await story.event(a.notes, 'channel', 'presence', {type: 'leave', id: '8'});
  });

  scenario('stays present when it is restored', async (story) => {
    const [a, b] = [story.client(), story.client()];
    const [channel, other] = [await story.channel(a), await story.channel(b)];
    await channel.presence.join('7', {name: 'Ann'});
    await story.event(b.notes, 'channel', 'presence', {type: 'join', id: '7', info: {name: 'Ann'}});
    a.cable.transport.ws.terminate();
    await story.event(a.notes, 'channel', 'connect', {reconnect: true, restored: true});
    await story.until('the second join', () => a.notes.sent.at(-1).command === 'join');
    await story.broadcast('after');
    await story.message(b.notes, 'after');
    assert.deepEqual(await within(other.presence.info()), {7: {name: 'Ann'}});
    assert.deepEqual(
      valuesOf(b.notes, 'presence').map(({type}) => type),
      ['join', 'info'],
    );
  });

  scenario('joins again when it is not restored', async (story) => {
    const [a, b] = [story.client(), story.client({}, '?user=bob')];
    const channel = await story.channel(a);
    await story.channel(b);
    await channel.presence.join('7', {name: 'Ann'});
    await story.event(b.notes, 'channel', 'presence', {type: 'join', id: '7', info: {name: 'Ann'}});
    await story.post('/disconnect/ann');
    await story.event(a.notes, 'channel', 'connect', {reconnect: true, restored: false});
    assert.deepEqual(a.notes.sent.at(-1).presence, {id: '7', info: {name: 'Ann'}});
    assert.deepEqual(await within(channel.presence.info()), {7: {name: 'Ann'}});
  });

  scenario('closes a channel that is rejected', async (story) => {
    const one = story.client();
    await assert.rejects(story.channel(one, {}), {name: 'SubscriptionRejectedError'});
    await assert.rejects(story.channel(one, {}, 'NoChannel'), {name: 'SubscriptionRejectedError'});
    await story.channel(one);
  });

  scenario('comes back after a remote disconnect', async (story) => {
    const one = story.client();
    await story.channel(one);
    await story.post('/disconnect/ann');
    await story.event(one.notes, 'cable', 'disconnect', 'remote');
    await story.event(one.notes, 'channel', 'connect', {reconnect: true, restored: false});
  });

  scenario('stops after a remote disconnect for ever', async (story) => {
    const one = story.client();
    await story.channel(one);
    await story.post('/disconnect/ann/for-ever');
    await story.event(one.notes, 'cable', 'close', 'remote');
    assert.equal(one.cable.state, 'closed');
    assert.equal(one.notes.targets.length, 1);
  });

  for (const websocketAuthStrategy of ['param', 'header', 'sub-protocol']) {
    scenario(`gets a new token when its ${websocketAuthStrategy} has expired`, async (story) => {
      const one = story.client(
        {
          websocketAuthStrategy,
          auth: {token: token('ann', -60)},
          tokenRefresher: (transport) => transport.setToken(token('ann', 3600)),
        },
        '',
      );
      one.cable.connect().catch(() => {});
      await story.event(one.notes, 'cable', 'close', 'token_expired');
      await story.event(one.notes, 'cable', 'connect', {reconnect: false, restored: false});
      const channel = await story.channel(one);
      await channel.perform('speak', {text: 'hi'});
      await story.message(one.notes, {user: 'ann', text: 'hi'});
    });
  }

  scenario('streams without a channel', async (story) => {
    const [a, b] = [story.client(), story.client()];
    const channels = [a.cable.streamFrom('news'), a.cable.streamFromSigned(SIGNED)];
    const other = b.cable.streamFrom('news');
    for (const channel of channels) story.note(a.notes.events, channel, 'channel', ['message']);
    await within(Promise.all([...channels, other].map((one) => one.ensureSubscribed())));
    await story.broadcast('public', {}, 'news');
    await story.message(a.notes, 'public');
    await story.broadcast('signed', {}, 'chat/2023');
    await story.message(a.notes, 'signed');
    await other.whisper({event: 'typing'});
    await story.message(a.notes, {event: 'typing'});
    await story.post('/drop');
    await story.until('a restored client', () =>
      a.notes.events.some(({kind, value}) => kind === 'connect' && value.restored),
    );
    await story.broadcast('again', {}, 'news');
    await story.message(a.notes, 'again');
    const forged = a.cable.streamFromSigned(`${SIGNED.slice(0, -1)}d`);
    await assert.rejects(within(forged.ensureSubscribed()), {name: 'SubscriptionRejectedError'});
  });

  scenario('leaves itself out of a broadcast, by its sid', async (story) => {
    const [a, b] = [story.client(), story.client()];
    await story.channel(a);
    await story.channel(b);
    await story.broadcast({text: 'others'}, {exclude_socket: a.cable.sessionId});
    await story.broadcast({text: 'all'});
    await story.message(a.notes, {text: 'all'});
    await story.message(b.notes, {text: 'all'});
    assert.deepEqual(messages(a.notes), [{text: 'all'}]);
    assert.deepEqual(messages(b.notes), [{text: 'others'}, {text: 'all'}]);
  });

  scenario('does not miss what was transient', async (story) => {
    const one = story.client({reconnectStrategy: () => 1e8});
    await story.channel(one);
    await story.broadcast(1, {transient: true});
    await story.message(one.notes, 1);
    await story.post('/drop');
    await story.event(one.notes, 'cable', 'disconnect', 'transport_closed');
    await story.broadcast(2, {transient: true});
    await story.broadcast(3);
    one.cable.monitor.reconnectNow();
    await story.message(one.notes, 3);
    assert.deepEqual(messages(one.notes), [1, 3]);
  });

  scenario(
    'is disconnected, and comes back, if it does not answer pings',
    async (story) => {
      const one = story.client();
      await story.channel(one);
      await story.event(one.notes, 'cable', 'disconnect', 'no_pong');
      await story.event(one.notes, 'channel', 'connect', {reconnect: true, restored: false});
    },
    'no_pong',
  );
});
