// Drives @stomp/stompjs by lines; integration/stomp/doc.go has the protocol.
// Over TCP and TLS the library speaks through a socket with the face of a
// WebSocket, as its documentation has it.
import fs from 'node:fs'
import net from 'node:net'
import readline from 'node:readline'
import tls from 'node:tls'
import { createRequire } from 'node:module'

const require = createRequire(process.env.SLIPWAY_STOMPJS + '/')
const { Client, Versions, ReconnectionTimeMode } = require('@stomp/stompjs')
const WebSocket = require('ws')
void ReconnectionTimeMode

const connections = new Map()
const write = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const patience = 30_000

// Socket is what the library needs of a WebSocket, over TCP or TLS.
class Socket {
  constructor (r) {
    this.readyState = 0
    const at = { host: r.host, port: r.port, servername: r.host, ca: r.ca && fs.readFileSync(r.ca) }
    const opened = () => { this.readyState = 1; this.onopen?.() }
    this.socket = r.transport === 'tls' ? tls.connect(at, opened) : net.connect(at, opened)
    this.socket.on('data', (data) => this.onmessage?.({ data: new Uint8Array(data).buffer }))
    this.socket.on('error', (e) => this.onerror?.(e))
    this.socket.on('close', () => { this.readyState = 3; this.onclose?.({ code: 1000, reason: '', wasClean: true }) })
  }

  send (data) { this.socket.write(typeof data === 'string' ? data : Buffer.from(data)) }
  close () { this.readyState = 2; this.socket.end() }
  terminate () { this.socket.destroy() }
}

class Connection {
  constructor (r) {
    this.name = r.c
    this.version = r.version
    this.messages = []
    this.subs = new Map()
    this.txs = new Map()
    this.waiting = new Set() // rejecters of what is under way
    this.last = 0
    this.client = new Client({
      connectHeaders: { login: r.user, passcode: r.password, ...r.headers },
      heartbeatOutgoing: r.send ?? 0,
      heartbeatIncoming: r.receive ?? 0,
      reconnectDelay: 0,
      stompVersions: new Versions([r.version]),
      forceBinaryWSFrames: false,
      discardWebsocketOnCommFailure: true,
      appendMissingNULLonIncoming: false,
      webSocketFactory: () => /^ws/.test(r.transport)
        ? new WebSocket(`${r.transport}://${r.host}:${r.port}/stomp`, [`v${r.version.replace('.', '')}.stomp`], { ca: r.ca && fs.readFileSync(r.ca) })
        : new Socket(r)
    })
    this.client.onStompError = (frame) => this.fail(frame.headers.message)
    this.client.onWebSocketClose = () => {
      this.fail('the connection is over')
      write({ c: this.name, closed: true, failure: this.failure === 'the connection is over' ? undefined : this.failure })
    }
  }

  fail (why) {
    this.failure ??= why
    for (const reject of this.waiting) reject(new Error(this.failure))
    this.waiting.clear()
  }

  within (f) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('no answer in time')), patience)
      const rejecter = (e) => { clearTimeout(late); reject(e) }
      this.waiting.add(rejecter)
      f((value) => { clearTimeout(late); this.waiting.delete(rejecter); resolve(value) })
    })
  }

  withReceipt (f) {
    return this.within((done) => {
      const id = `r${++this.last}`
      this.client.watchForReceipt(id, () => done())
      f(id)
    })
  }

  connect () {
    return this.within((done) => {
      this.client.onConnect = (frame) => done(frame.headers)
      this.client.activate()
    })
  }

  subscribe (r) {
    return this.withReceipt((receipt) => {
      const headers = { ...r.headers, id: r.id, receipt }
      if (r.ack) headers.ack = r.ack
      this.subs.set(r.id, this.client.subscribe(r.destination, (m) => {
        this.messages.push(m)
        write({ c: this.name, headers: m.headers, body: Buffer.from(m.binaryBody).toString('base64'), m: this.messages.length })
      }, headers))
    })
  }

  unsubscribe (r) { return this.withReceipt((receipt) => this.subs.get(r.id).unsubscribe({ ...r.headers, receipt })) }

  send (r) {
    const frame = { destination: r.destination, headers: { ...r.headers }, binaryBody: new Uint8Array(Buffer.from(r.body ?? '', 'base64')) }
    if (r.transaction) frame.headers.transaction = this.txs.get(r.transaction).id
    if (!r.receipt) return this.client.publish(frame)
    return this.withReceipt((receipt) => { frame.headers.receipt = receipt; this.client.publish(frame) })
  }

  ack (r, how = 'ack') {
    return this.withReceipt((receipt) => {
      const headers = { receipt }
      if (r.transaction) headers.transaction = this.txs.get(r.transaction).id
      this.messages[r.m - 1][how](headers)
    })
  }

  nack (r) { return this.ack(r, 'nack') }
  begin (r) { this.txs.set(r.transaction, this.client.begin()) }
  commit (r) { this.txs.get(r.transaction).commit(); return this.settled() }
  abort (r) { this.txs.get(r.transaction).abort(); return this.settled() }

  // settled: COMMIT and ABORT of the library ask for no receipt; the one of a
  // later frame is for all before it.
  settled () { return this.withReceipt((receipt) => this.client.publish({ destination: '/topic/settled', headers: { receipt }, body: '' })) }

  disconnect () { return this.client.deactivate() }
}

async function answer (r) {
  const line = { n: r.n }
  try {
    if (r.op === 'connect') connections.set(r.c, new Connection(r))
    const headers = await connections.get(r.c)[r.op](r)
    if (r.op === 'connect') line.headers = headers
  } catch (e) {
    line.error = String(e.message ?? e)
  }
  write(line)
}

const input = readline.createInterface({ input: process.stdin })
input.on('line', (text) => answer(JSON.parse(text)))
input.on('close', () => process.exit(0))
