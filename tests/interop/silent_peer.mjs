// SPDX-License-Identifier: BSL-1.0
// silent_peer.mjs [URL]: a connection of ws, as a client or for one client, that only sends pongs. Prints a
// line for each.
import {WebSocket, WebSocketServer} from 'ws';

// ws answers a ping before it reports it.
const watch = (peer) => peer.on('ping', () => console.log('pong'));

if (process.argv[2]) {
  watch(new WebSocket(process.argv[2]));
} else {
  const server = new WebSocketServer({host: '127.0.0.1', port: 0});
  server.on('connection', watch);
  server.on('listening', () => {
    console.log(`listening on ws://127.0.0.1:${server.address().port}/`);
  });
}
