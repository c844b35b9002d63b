// Drives MQTT.js by lines; integration/mqtt/line/doc.go has the protocol.
'use strict'

const fs = require('node:fs')
const mqtt = require('mqtt')
const readline = require('node:readline')

const connections = new Map()
const write = (line) => process.stdout.write(JSON.stringify(line) + '\n')

function properties (p) {
  if (!p) return undefined
  const to = {}
  if (p.user) {
    to.userProperties = {}
    for (const [k, v] of p.user) (to.userProperties[k] ??= []).push(v)
  }
  if (p.type) to.contentType = p.type
  if (p.text) to.payloadFormatIndicator = true
  if (p.response) to.responseTopic = p.response
  if (p.correlation) to.correlationData = Buffer.from(p.correlation, 'base64')
  if (p.expiry) to.messageExpiryInterval = p.expiry
  if (p.alias) to.topicAlias = p.alias
  if (p.delay) to.willDelayInterval = p.delay
  return to
}

function received (packet) {
  const m = { topic: packet.topic, payload: packet.payload.toString('base64'), qos: packet.qos, retain: packet.retain }
  const p = packet.properties
  if (!p) return m
  m.props = {
    user: Object.entries(p.userProperties ?? {}).flatMap(([k, v]) => [].concat(v).map((one) => [k, one])),
    type: p.contentType ?? '',
    text: p.payloadFormatIndicator === true,
    response: p.responseTopic ?? '',
    correlation: (p.correlationData ?? Buffer.alloc(0)).toString('base64'),
    expiry: p.messageExpiryInterval ?? 0,
    subids: [].concat(p.subscriptionIdentifier ?? [])
  }
  return m
}

const ops = {
  connect (r) {
    const o = {
      host: r.host,
      port: r.port,
      protocol: { tls: 'mqtts', ws: 'ws', wss: 'wss' }[r.transport] ?? 'mqtt',
      path: '/mqtt',
      ca: r.ca && fs.readFileSync(r.ca),
      protocolVersion: r.version,
      protocolId: r.version === 3 ? 'MQIsdp' : 'MQTT',
      clientId: r.id,
      clean: !!r.clean,
      username: r.user,
      password: r.password,
      reconnectPeriod: r.reconnect ? 50 : 0,
      resubscribe: false
    }
    if (r.version === 5) {
      o.properties = {}
      if (r.expiry !== undefined) o.properties.sessionExpiryInterval = r.expiry
      if (r.receive) o.properties.receiveMaximum = r.receive
    }
    if (r.will) {
      const w = r.will
      o.will = { topic: w.topic, payload: Buffer.from(w.payload, 'base64'), qos: w.qos, retain: !!w.retain, properties: properties(w.props) }
    }
    return new Promise((resolve, reject) => {
      const c = mqtt.connect(o)
      connections.set(r.c, c)
      c.on('message', (topic, payload, packet) => write({ c: r.c, message: received(packet) }))
      c.once('connect', resolve)
      c.on('error', (e) => { // also of a connection that it will make again
        if (!r.reconnect) c.end(true)
        reject(e)
      })
      c.once('close', () => reject(new Error('closed')))
    })
  },

  subscribe (r) {
    const filters = {}
    for (const f of r.filters) filters[f.filter] = { qos: f.qos, nl: !!f.nolocal, rap: !!f.asis, rh: f.handling ?? 0 }
    return connections.get(r.c).subscribeAsync(filters, r.subid ? { properties: { subscriptionIdentifier: r.subid } } : {})
  },

  publish (r) {
    const m = r.message
    return connections.get(r.c).publishAsync(m.topic, Buffer.from(m.payload ?? '', 'base64'),
      { qos: m.qos, retain: !!m.retain, properties: properties(m.props) })
  },

  burst (r) {
    const c = connections.get(r.c)
    return Promise.all(Array.from({ length: r.count }, (_, i) => c.publishAsync(r.message.topic, String(i), { qos: r.message.qos })))
  },

  disconnect (r) {
    const o = r.expiry === undefined ? {} : { properties: { sessionExpiryInterval: r.expiry } }
    return connections.get(r.c).endAsync(false, o)
  }
}

readline.createInterface({ input: process.stdin }).on('line', async (text) => {
  const r = JSON.parse(text)
  try {
    await ops[r.op](r)
    write({ n: r.n })
  } catch (e) {
    write({ n: r.n, error: String(e?.message ?? e) })
  }
}).on('close', () => process.exit(0))
