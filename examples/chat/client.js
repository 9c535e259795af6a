R"js(// SPDX-License-Identifier: BSL-1.0
// A small client of Action Cable with the interface of npm's @rails/actioncable, as far as the chat needs it.

const STALE = 6000; // the server sends a ping every 3 seconds

class Subscription {
  constructor(consumer, params, mixin) {
    this.consumer = consumer
    this.identifier = JSON.stringify(params)
    Object.assign(this, mixin)
  }

  /** Returns whether it was sent. */
  perform(action, data = {}) {
    return this.consumer.send({
      command: "message",
      identifier: this.identifier,
      data: JSON.stringify({ ...data, action }),
    })
  }

  unsubscribe() {
    this.consumer.forget(this)
  }
}

class Consumer {
  #socket
  #attempts = 0
  #timer
  #heard = 0
  #watch
  #active = true
  #all = new Map()

  constructor(url) {
    this.url = new URL(url, location.href)
    this.url.protocol = this.url.protocol.replace("http", "ws")
    this.subscriptions = {
      create: (params, mixin) => {
        const made = new Subscription(this, params, mixin)
        this.#all.set(made.identifier, made)
        this.#subscribe(made) || this.connect()
        return made
      },
    }
    addEventListener("online", () => this.#retryNow())
    document.addEventListener("visibilitychange", () => this.#retryNow())
  }

  connect() {
    if (this.#socket) return
    this.#active = true
    clearTimeout(this.#timer)
    const socket = new WebSocket(this.url, ["actioncable-v1-json", "actioncable-unsupported"])
    this.#socket = socket
    this.#heard = Date.now()
    socket.onmessage = (event) => this.#received(JSON.parse(event.data))
    socket.onclose = () => this.#lost(socket)
    this.#watch = setInterval(() => {
      if (Date.now() - this.#heard > STALE) this.#lost(socket)
    }, 1000)
  }

  disconnect() {
    this.#active = false
    clearTimeout(this.#timer)
    this.#socket?.close()
  }

  send(command) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(command))
    return true
  }

  forget(one) {
    this.#all.delete(one.identifier)
    this.send({ command: "unsubscribe", identifier: one.identifier })
  }

  #subscribe(one) {
    return this.send({ command: "subscribe", identifier: one.identifier })
  }

  #received({ type, identifier, message, reconnect }) {
    this.#heard = Date.now()
    const one = this.#all.get(identifier)
    switch (type) {
      case "welcome":
        this.#attempts = 0
        this.#all.forEach((each) => this.#subscribe(each))
        break
      case "confirm_subscription":
        one?.connected?.()
        break
      case "reject_subscription":
        this.#all.delete(identifier)
        one?.rejected?.()
        break
      case "disconnect":
        if (!reconnect) this.#active = false
        this.#socket?.close()
        break
      case undefined:
        one?.received?.(message)
    }
  }

  #lost(socket) {
    if (socket !== this.#socket) return
    this.#socket = undefined
    clearInterval(this.#watch)
    socket.onmessage = socket.onclose = null
    socket.close()
    this.#all.forEach((each) => each.disconnected?.({ willAttemptReconnect: this.#active }))
    if (!this.#active) return
    // 0.5 to 1 s, then twice that, up to 15 s.
    const longest = Math.min(15_000, 1000 * 2 ** this.#attempts++)
    this.#timer = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2))
  }

  #retryNow() {
    if (document.visibilityState === "visible" && this.#active && !this.#socket) this.connect()
  }
}

export const createConsumer = (url) => new Consumer(url)
)js"
