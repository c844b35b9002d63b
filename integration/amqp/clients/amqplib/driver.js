"use strict";
// Drives amqplib by lines; integration/amqp/doc.go has the protocol.

const amqp = require("amqplib");
const readline = require("readline");

const links = new Map(); // by name: {conn, channels}
const last = new Map(); // by channel: the end of what was asked before

const write = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const PROPS = { // ours, and amqplib's
  contentType: "contentType", encoding: "contentEncoding", headers: "headers", mode: "deliveryMode", priority: "priority",
  correlation: "correlationId", replyTo: "replyTo", expiration: "expiration", messageId: "messageId", timestamp: "timestamp",
  type: "type", userId: "userId", appId: "appId",
};

function plain(v) {
  if (Buffer.isBuffer(v)) return v.toString();
  if (Array.isArray(v)) return v.map(plain);
  if (v && typeof v === "object") {
    if (v["!"] === "timestamp") return v.value;
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]));
  }
  return v;
}

function message(m) {
  const props = {};
  for (const [ours, theirs] of Object.entries(PROPS)) {
    if (m.properties[theirs] !== undefined) props[ours] = plain(m.properties[theirs]);
  }
  const f = m.fields;
  return { body: m.content.toString("base64"), exchange: f.exchange, key: f.routingKey, redelivered: !!f.redelivered, tag: f.deliveryTag || 0, props };
}

async function connect(r) {
  const conn = await amqp.connect({ protocol: "amqp", hostname: r.host, port: r.port, username: r.user, password: r.password, vhost: r.vhost, heartbeat: 30 });
  const link = { conn, channels: new Map(), error: null };
  links.set(r.c, link);
  conn.on("error", (e) => { link.error = e; });
  conn.on("close", (e) => write({ c: r.c, event: "closed", code: (link.error || e || {}).code || 0, text: String(link.error || e || "") }));
  conn.on("blocked", (why) => write({ c: r.c, event: "blocked", text: why }));
  conn.on("unblocked", () => write({ c: r.c, event: "unblocked" }));
}

async function channel(r, link) {
  const ch = await (r.confirm ? link.conn.createConfirmChannel() : link.conn.createChannel());
  link.channels.set(r.ch, ch);
  ch.confirms = r.confirm;
  ch.on("error", (e) => {
    ch.reason = e;
    write({ c: r.c, ch: r.ch, event: "closed", code: e.code || 0, text: e.message });
  });
  ch.on("return", (m) => write({ c: r.c, ch: r.ch, event: "returned", code: m.fields.replyCode, text: m.fields.replyText, message: message(m) }));
}

function publish(ch, r) {
  const m = r.message;
  const options = { mandatory: r.mandatory };
  for (const [k, v] of Object.entries(m.props)) options[PROPS[k]] = v;
  if (m.props.mode === undefined) options.deliveryMode = undefined;
  const body = Buffer.from(m.body || "", "base64");
  if (!ch.confirms) {
    ch.publish(r.exchange, r.key, body, options);
    return {};
  }
  return new Promise((resolve, reject) => {
    // What closes the channel may be what closes the publish.
    ch.once("error", reject);
    ch.publish(r.exchange, r.key, body, options, (e) => {
      ch.removeListener("error", reject);
      if (!e) return resolve({ ack: true });
      setImmediate(() => resolve({ ack: false }));
    });
  });
}

// A delivery is settled by its tag alone.
const by = (tag) => ({ fields: { deliveryTag: tag } });

const operations = {
  closeChannel: (ch) => ch.close(),
  exchange: (ch, r) => r.passive ? ch.checkExchange(r.name)
    : ch.assertExchange(r.name, r.kind, { durable: !!r.durable, autoDelete: !!r.autoDelete, internal: !!r.internal, arguments: r.args }),
  deleteExchange: (ch, r) => ch.deleteExchange(r.name, { ifUnused: !!r.ifUnused }),
  bindExchange: (ch, r) => ch.bindExchange(r.name, r.source, r.key, r.args),
  queue: async (ch, r) => {
    const q = r.passive ? await ch.checkQueue(r.name)
      : await ch.assertQueue(r.name, { durable: !!r.durable, exclusive: !!r.exclusive, autoDelete: !!r.autoDelete, arguments: r.args });
    return { name: q.queue, messages: q.messageCount, consumers: q.consumerCount };
  },
  deleteQueue: async (ch, r) => ({ messages: (await ch.deleteQueue(r.name, { ifUnused: !!r.ifUnused, ifEmpty: !!r.ifEmpty })).messageCount }),
  purge: async (ch, r) => ({ messages: (await ch.purgeQueue(r.name)).messageCount }),
  bind: (ch, r) => ch.bindQueue(r.name, r.exchange, r.key, r.args),
  unbind: (ch, r) => ch.unbindQueue(r.name, r.exchange, r.key, r.args),
  publish,
  get: async (ch, r) => {
    const m = await ch.get(r.name, { noAck: !!r.noAck });
    return m ? { message: message(m), messages: m.fields.messageCount } : {};
  },
  consume: (ch, r) => ch.consume(r.name, (m) => write(m
    ? { c: r.c, ch: r.ch, event: "delivery", consumer: m.fields.consumerTag, message: message(m) }
    : { c: r.c, ch: r.ch, event: "cancelled", consumer: r.consumer }),
  { consumerTag: r.consumer || undefined, noAck: !!r.noAck, exclusive: !!r.exclusive, arguments: r.args }),
  cancel: (ch, r) => ch.cancel(r.consumer),
  ack: (ch, r) => ch.ack(by(r.tag), !!r.multiple),
  nack: (ch, r) => ch.nack(by(r.tag), !!r.multiple, !!r.requeue),
  reject: (ch, r) => ch.reject(by(r.tag), !!r.requeue),
  qos: (ch, r) => ch.prefetch(r.count, !!r.global),
  recover: (ch, r) => ch.recover(),
};

async function run(r) {
  if (r.op === "connect") return connect(r);
  const link = links.get(r.c);
  if (r.op === "close") return link.conn.close();
  if (r.op === "channel") return channel(r, link);
  const ch = link.channels.get(r.ch);
  try {
    return await operations[r.op](ch, r);
  } catch (e) {
    await new Promise(setImmediate); // the connection's own error comes after its channels'
    throw e.code ? e : ch.reason || link.error || e;
  }
}

async function answer(r) {
  let a = {};
  try {
    const out = await run(r);
    for (const k of ["name", "messages", "consumers", "message", "ack"]) if (out && out[k] !== undefined) a[k] = out[k];
  } catch (e) {
    a = { error: String(e.message || e), code: e.code && Number.isInteger(e.code) ? e.code : 0 };
  }
  write({ n: r.n, ...a });
}

readline.createInterface({ input: process.stdin }).on("line", (text) => {
  const r = JSON.parse(text);
  const key = r.c + " " + (r.ch || "");
  last.set(key, (last.get(key) || Promise.resolve()).then(() => answer(r)));
}).on("close", () => process.exit(0));
