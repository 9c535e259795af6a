// SPDX-License-Identifier: BSL-1.0
// npm's @rails/actioncable as the client of our server. data/actioncable_client.json records it with Rails as its server, or
// with a scripted one: the callbacks, as notes, and the frames. Here the same happens with our server.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {after, describe, it} from 'node:test';

import WebSocket from 'ws';

import {Conditions, Program, within} from './programs.mjs';

// The client listens to events of a browser's window and document.
globalThis.addEventListener ??= () => {};
globalThis.removeEventListener ??= () => {};
globalThis.document ??= {visibilityState: 'visible'};
const {adapters, createConsumer} = await import('@rails/actioncable');

const RECORDED = JSON.parse(
  readFileSync(new URL('data/actioncable_client.json', import.meta.url), 'utf-8'),
).scenarios;
const ALLOWED = 'http://localhost:3000';
const FORBIDDEN = 'http://evil.example';
const ROOM = (room_id) => ({channel: 'ChatChannel', room_id});

/** What the client does with one server: notes, and the frames in both directions as lines. */
class Story extends Conditions {
  constructor(program) {
    super();
    this.program = program;
    this.notes = [];
    this.sent = [];
    this.received = [];
    this.failures = [];
    this.attempts = 0;
    this.origin = ALLOWED;
  }

  note(text) {
    this.notes.push(text);
    this.changed();
  }

  noted(text, times = 1) {
    return this.until(text, () => this.notes.filter((note) => note === text).length >= times);
  }

  consumer(query = '?user=alice', path = this.path) {
    const url = new URL(`${path}${query}`, this.url);
    stories.set(url.href, this);
    return createConsumer(url.href);
  }

  /** Callbacks that note what they get. */
  callbacks(tag) {
    const note = (text) => this.note(`${tag}.${text}`);
    return {
      initialized: () => note('initialized'),
      connected: (how) => note(`connected ${JSON.stringify(how)}`),
      disconnected: (how) => note(`disconnected ${JSON.stringify(how)}`),
      rejected: () => note('rejected'),
      received: (data) => note(`received ${JSON.stringify(data)}`),
      speak(message) {
        return this.perform('speak', {message});
      },
    };
  }

  async post(path, body) {
    const url = new URL(path, this.url.replace('ws:', 'http:'));
    const response = await fetch(url, {method: 'POST', body: JSON.stringify(body) ?? ''});
    assert.equal(response.status, 204);
  }

  broadcast(stream, message) {
    return this.post(`/broadcast/${stream}`, message);
  }
}

/** The stories of the URLs that clients connect to. */
const stories = new Map();

/** A socket of ws that records the frames. */
class Socket extends WebSocket {
  constructor(url, protocols) {
    const story = stories.get(url);
    super(url, protocols, {origin: story.origin, perMessageDeflate: false});
    this.story = story;
    ++story.attempts;
    story.changed();
    this.on('message', (data) => {
      const text = data.toString();
      if (!text.startsWith('{"type":"ping"')) story.received.push(text);
      story.changed();
    });
    // Otherwise a refused handshake would be an uncaught exception.
    this.on('error', () => {});
  }

  /** Notes what the client's handler throws: a browser would report it and continue. */
  set onmessage(handler) {
    super.onmessage = (event) => {
      try {
        handler(event);
      } catch (failure) {
        this.story.failures.push(failure.name);
      }
    };
  }

  send(text) {
    this.story.sent.push(text);
    this.story.changed();
    super.send(text);
  }
}
adapters.WebSocket = Socket;

/** What was recorded: notes, frames of the client and frames of the server, without pings. */
function recorded(name) {
  const {events} = RECORDED[name];
  const frames = (side) =>
    events
      .filter((event) => event.from === side && event.frame === 'text')
      .map((event) => event.payload)
      .filter((text) => !text.startsWith('{"type":"ping"'));
  return {
    notes: events.filter((event) => event.note).map((event) => event.note),
    sent: frames('client'),
    received: frames('server'),
  };
}

/** Frames as values, as the order of keys is free. */
const values = (frames) =>
  frames.map((text) => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  });

/** Without the repetitions of a frame, whose number depends on time. */
const distinct = (frames) => frames.filter((text, at) => text !== frames[at - 1]);

function assertAsRecorded(story, name, view = (list) => list) {
  const wanted = recorded(name);
  assert.deepEqual(story.notes, wanted.notes);
  assert.deepEqual(values(view(story.sent)), values(view(wanted.sent)));
  assert.deepEqual(values(story.received), values(wanted.received));
}

/** Runs a scenario with a server of its own, since all run at once. */
function scenario(name, options, perform) {
  it(name, async () => {
    const story = new Story(new Program('cable_server', ...options));
    after(() => story.program.kill());
    const url = await story.program.url();
    story.url = url;
    story.path = new URL(url).pathname;
    const consumer = await perform(story);
    consumer?.disconnect();
    consumer?.connection.monitor.stop();
    await story.program.interrupt();
    assert.deepEqual(story.failures, []);
  });
}

const running = (consumer) => `monitor running: ${Boolean(consumer.connection.monitor.isRunning())}`;
const closed = (consumer) => once(consumer.connection.webSocket, 'close');

describe('the npm client and our server with the preset of Rails', {concurrency: true}, () => {
  scenario('subscribes, performs, receives and unsubscribes', ['rails'], async (story) => {
    const consumer = story.consumer();
    const s = consumer.subscriptions.create(ROOM(1), story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    story.note(`perform returns ${s.speak('hello')}`);
    await story.noted('s.received {"message":"hello","user":"alice"}');
    await story.broadcast('chat_1', {from: 'outside'});
    await story.noted('s.received {"from":"outside"}');
    story.note('s.unsubscribe()');
    s.unsubscribe();
    story.note(`perform after unsubscribe returns ${s.perform('echo', {x: 1})}`);
    const end = closed(consumer);
    consumer.disconnect();
    await within(end);
    assertAsRecorded(story, 'basic');
  });

  scenario('loses what it performs before it is connected', ['rails'], async (story) => {
    const consumer = story.consumer();
    const s = consumer.subscriptions.create('GoneChannel', story.callbacks('s'));
    story.note(`perform before open returns ${s.perform('x')}`);
    await story.noted('s.connected {"reconnected":false}');
    consumer.disconnect();
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    assertAsRecorded(story, 'string_channel_and_perform_before_open');
  });

  scenario('repeats the command for a second equal identifier', ['rails'], async (story) => {
    const consumer = story.consumer();
    const a = consumer.subscriptions.create(ROOM(2), story.callbacks('a'));
    await story.noted('a.connected {"reconnected":false}');
    const b = consumer.subscriptions.create(ROOM(2), story.callbacks('b'));
    await story.until('three commands', () => story.sent.length >= 3);
    await story.broadcast('chat_2', 'both');
    await story.noted('b.received "both"');
    story.note('a.unsubscribe()');
    a.unsubscribe();
    await story.broadcast('chat_2', 'b only');
    await story.noted('b.received "b only"');
    story.note('b.unsubscribe()');
    b.unsubscribe();
    const end = closed(consumer);
    consumer.disconnect();
    await within(end);
    assertAsRecorded(story, 'same_identifier_twice', distinct);
  });

  scenario('forgets a rejected subscription', ['rails'], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create({channel: 'ChatChannel'}, story.callbacks('s'));
    await story.noted('s.rejected');
    story.note(`subscriptions left: ${consumer.subscriptions.subscriptions.length}`);
    assertAsRecorded(story, 'rejected');
    return consumer;
  });

  scenario('repeats the command for an unknown channel', ['rails'], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create('NopeChannel', story.callbacks('s'));
    await story.until('three commands', () => story.sent.length >= 3);
    consumer.disconnect();
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    assertAsRecorded(story, 'unknown_channel_retry', distinct);
  });

  scenario('stops when it is not authorised', ['rails'], async (story) => {
    const consumer = story.consumer('');
    consumer.subscriptions.create('GoneChannel', story.callbacks('s'));
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    story.note(running(consumer));
    assertAsRecorded(story, 'unauthorized');
  });

  scenario('keeps trying when its origin is refused', ['rails'], async (story) => {
    story.origin = FORBIDDEN;
    const consumer = story.consumer();
    consumer.subscriptions.create('GoneChannel', story.callbacks('s'));
    await story.until('a second attempt', () => story.attempts >= 2);
    assertAsRecorded(story, 'bad_origin_404');
    return consumer;
  });

  scenario('reconnects after a restart', ['rails'], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create(ROOM(3), story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    story.note('POST /restart');
    await story.post('/restart');
    await story.noted('s.connected {"reconnected":true}');
    await story.broadcast('chat_3', 'after reconnect');
    await story.noted('s.received "after reconnect"');
    consumer.disconnect();
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    assertAsRecorded(story, 'server_restart_reconnect');
  });

  scenario('subscribes again after disconnect() and connect()', ['rails'], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create(ROOM(4), story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    story.note('disconnect()');
    consumer.disconnect();
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    story.note('connect()');
    consumer.connect();
    await story.noted('s.connected {"reconnected":false}', 2);
    consumer.disconnect();
    await story.noted('s.disconnected {"willAttemptReconnect":false}', 2);
    assertAsRecorded(story, 'consumer_disconnect_connect');
  });

  scenario('offers one more subprotocol', ['rails'], async (story) => {
    const consumer = story.consumer();
    consumer.addSubProtocol('some-custom');
    consumer.subscriptions.create('GoneChannel', story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    assert.equal(consumer.connection.webSocket.protocol, 'actioncable-v1-json');
    consumer.disconnect();
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    assertAsRecorded(story, 'extra_subprotocol');
  });
});

describe('the npm client and our server', {concurrency: true}, () => {
  scenario('confirms a second equal identifier', [], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create(ROOM(2), story.callbacks('a'));
    await story.noted('a.connected {"reconnected":false}');
    consumer.subscriptions.create(ROOM(2), story.callbacks('b'));
    await story.noted('b.connected {"reconnected":false}');
    assert.equal(story.sent.length, 2);
    return consumer;
  });

  scenario('rejects an unknown channel', [], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create('NopeChannel', story.callbacks('s'));
    await story.noted('s.rejected');
    assert.equal(story.sent.length, 1);
    assert.equal(consumer.subscriptions.subscriptions.length, 0);
    return consumer;
  });

  scenario('rejects a channel that fails when it is subscribed', [], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create('BoomChannel', story.callbacks('s'));
    await story.noted('s.rejected');
    assert.equal(story.sent.length, 1);
    return consumer;
  });

  scenario('lets the client return after a remote disconnect', [], async (story) => {
    const consumer = story.consumer('?user=kickme');
    consumer.subscriptions.create(ROOM(5), story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    await story.post('/disconnect/kickme');
    await story.noted('s.disconnected {"willAttemptReconnect":true}');
    await story.noted('s.connected {"reconnected":true}');
    return consumer;
  });

  scenario('stops the client by a remote disconnect for ever', [], async (story) => {
    const consumer = story.consumer('?user=kickme');
    consumer.subscriptions.create(ROOM(6), story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    await story.post('/disconnect/kickme/for-ever');
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    assert.equal(running(consumer), 'monitor running: false');
  });

  scenario('keeps a silent client by its pings', [], async (story) => {
    const consumer = story.consumer();
    consumer.subscriptions.create(ROOM(7), story.callbacks('s'));
    await story.noted('s.connected {"reconnected":false}');
    // Longer than the client waits for a ping, and looks whether one came.
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    assert.deepEqual(story.notes, ['s.initialized', 's.connected {"reconnected":false}']);
    return consumer;
  });
});

describe('the npm client and a scripted server', {concurrency: true}, () => {
  scenario('reconnects when no pings come', [], async (story) => {
    const consumer = story.consumer('', '/silent');
    consumer.subscriptions.create('X', story.callbacks('s'));
    await story.noted('s.connected {"reconnected":true}');
    assert.deepEqual(story.notes, recorded('stale_no_pings').notes.slice(0, story.notes.length));
    return consumer;
  });

  scenario('stops when actioncable-unsupported is selected', [], async (story) => {
    const consumer = story.consumer('', '/unsupported');
    consumer.subscriptions.create('X', story.callbacks('s'));
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    story.note(running(consumer));
    assertAsRecorded(story, 'unsupported_selected');
  });

  scenario('survives what is not JSON', [], async (story) => {
    const consumer = story.consumer('', '/garbage');
    consumer.subscriptions.create('X', story.callbacks('s'));
    await story.until('a repeated command', () => story.sent.length >= 2);
    assertAsRecorded(story, 'garbage_from_server', distinct);
    assert.deepEqual(story.failures.splice(0), ['SyntaxError']);
    return consumer;
  });

  scenario('passes unknown types on, and data before a confirmation', [], async (story) => {
    const consumer = story.consumer('', '/unknown-types');
    consumer.subscriptions.create('X', story.callbacks('s'));
    await story.noted('s.disconnected {"willAttemptReconnect":false}');
    story.note(running(consumer));
    assertAsRecorded(story, 'unknown_types');
  });
});
