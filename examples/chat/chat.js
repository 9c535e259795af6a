R"js(// SPDX-License-Identifier: BSL-1.0
// The page of the chat. client.js is npm's @rails/actioncable, or a small client with the same interface.
import { createConsumer } from "./client.js"

const PLACES = ["harbour", "galley", "chart room", "crow's nest"]
const TYPING_FOR = 3000

const $ = (id) => document.getElementById(id)
const element = (tag, className = "", text = "") =>
  Object.assign(document.createElement(tag), { className, textContent: text })
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" })

/** A place: what was said there, and what this window has still to send. */
class Place {
  messages = []
  seen = new Set()
  waiting = [] // said here, and not yet back from the server
  names = []
  typing = new Map() // names, and when they last typed
  unread = 0
  live = false

  constructor(name) {
    this.name = name
  }

  enter(consumer) {
    this.channel = consumer.subscriptions.create(
      { channel: "ChatChannel", place: this.name },
      {
        connected: () => {
          this.live = true
          this.channel.perform("catch_up", { after: this.messages.at(-1)?.id ?? "" })
          showState()
        },
        disconnected: () => {
          this.live = false
          showState()
        },
        received: (data) => this.receive(data),
      },
    )
  }

  receive(data) {
    switch (data.type) {
      case "message":
        this.add(data, true)
        break
      case "missed":
        data.messages.forEach((one) => this.add(one, false))
        this.names = data.names
        // What did not arrive before the connection broke.
        this.waiting.forEach((one) => this.channel.perform("speak", one))
        break
      case "present":
        this.names = data.names
        break
      case "typing":
        this.typing.set(data.name, Date.now())
        setTimeout(showTyping, TYPING_FOR + 50)
    }
    if (this === current) show()
    showPlaces()
  }

  add(message, isNew) {
    if (this.seen.has(message.id)) return
    this.seen.add(message.id)
    this.messages.push({ ...message, isNew })
    this.typing.delete(message.name)
    this.waiting = this.waiting.filter((one) => one.key !== message.key)
    if (this !== current || document.hidden) ++this.unread
  }

  say(text) {
    const one = { text, key: crypto.getRandomValues(new Uint32Array(2)).join("-") }
    this.waiting.push(one)
    if (this.live) this.channel.perform("speak", one)
  }
}

const places = PLACES.map((name) => new Place(name))
let current = places.find((one) => one.name === sessionStorage.place) ?? places[0]
let me = ""
let typedAt = 0

function showState() {
  const up = places.every((one) => one.live)
  $("state").className = up ? "up" : ""
  $("state").textContent = up ? "connected" : "connecting…"
}

function showPlaces() {
  const unread = places.reduce((sum, one) => sum + one.unread, 0)
  document.title = (unread ? `(${unread}) ` : "") + "Hawser chat"
  for (const [at, one] of places.entries()) {
    const button = $("places").children[at]
    one === current ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current")
    button.querySelector(".unread")?.remove()
    if (one.unread) {
      button.append(element("span", "unread", one.unread))
      button.lastChild.setAttribute("aria-label", `${one.unread} unread`)
    }
  }
}

function showTyping() {
  const since = Date.now() - TYPING_FOR
  const names = [...current.typing].filter(([, at]) => at > since).map(([name]) => name)
  const verb = names.length > 1 ? "are" : "is"
  $("typing").textContent = names.length ? `${names.join(", ")} ${verb} typing…` : ""
}

function line(message, before) {
  const mine = message.name === me
  const follows = before?.name === message.name && message.at - before.at < 120_000
  const item = element("li", [mine && "mine", follows && "follows", message.isNew && "new"].filter(Boolean).join(" "))
  message.isNew = false
  const hue = [...message.name].reduce((sum, c) => sum + c.codePointAt(0), 0) % 6
  const face = element("span", `face hue-${hue}`, [...message.name][0].toUpperCase())
  face.setAttribute("aria-hidden", "true")
  const by = element("span", "by")
  const time = element("time", "", clock.format(message.at))
  time.dateTime = new Date(message.at).toISOString()
  by.append(element("b", "", message.name), time)
  item.append(face, by, element("p", "words", message.text))
  return item
}

function show() {
  const log = $("log")
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80
  const lines = current.messages.map((one, at) => line(one, current.messages[at - 1]))
  for (const one of current.waiting) {
    const item = line({ ...one, name: me, at: Date.now() }, current.messages.at(-1))
    item.classList.add("waits")
    lines.push(item)
  }
  if (!lines.length) lines.push(element("li", "empty", "Nothing was said here yet. Begin!"))
  log.replaceChildren(...lines)
  if (atEnd) log.scrollTop = log.scrollHeight
  $("title").textContent = `# ${current.name}`
  $("present").replaceChildren(...current.names.map((name) => element("li", "", name)))
  showTyping()
}

function visit(one) {
  current = one
  current.unread = 0
  sessionStorage.place = one.name
  showPlaces()
  show()
  $("log").scrollTop = $("log").scrollHeight
  $("text").focus({ preventScroll: true })
}

function enter(name) {
  me = sessionStorage.name = name
  $("door").hidden = true
  $("chat").hidden = false
  $("leave").textContent = name
  const consumer = createConsumer(`/cable?name=${encodeURIComponent(name)}`)
  places.forEach((one) => one.enter(consumer))
  // The browser may keep the page, with its connection, for the way back.
  addEventListener("pagehide", () => consumer.disconnect())
  addEventListener("pageshow", (event) => event.persisted && consumer.connect())
  showState()
  visit(current)
}

for (const one of places) {
  const button = element("button", "", one.name)
  button.type = "button"
  button.onclick = () => visit(one)
  $("places").append(button)
}

$("enter").onsubmit = (event) => {
  event.preventDefault()
  const name = $("name").value.trim()
  if (name) enter(name)
}
$("leave").onclick = () => {
  sessionStorage.removeItem("name")
  location.reload()
}
$("speak").onsubmit = (event) => {
  event.preventDefault()
  const text = $("text").value.trim()
  if (!text) return
  $("text").value = ""
  typedAt = 0
  current.say(text)
  show()
  $("log").scrollTop = $("log").scrollHeight
}
$("text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault()
    $("speak").requestSubmit()
  }
}
$("text").oninput = () => {
  if (current.live && Date.now() - typedAt > TYPING_FOR / 2) {
    typedAt = Date.now()
    current.channel.perform("typing")
  }
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && me) visit(current)
})

sessionStorage.name ? enter(sessionStorage.name) : $("name").focus()
)js"
