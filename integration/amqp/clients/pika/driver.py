"""Drives pika by lines; integration/amqp/doc.go has the protocol."""

import base64
import datetime
import json
import queue
import ssl
import sys
import threading

import pika
import pika.exceptions

lock = threading.Lock()
links = {}

PROPS = {  # ours, and pika's
    "contentType": "content_type", "encoding": "content_encoding", "mode": "delivery_mode", "priority": "priority",
    "correlation": "correlation_id", "replyTo": "reply_to", "expiration": "expiration", "messageId": "message_id",
    "timestamp": "timestamp", "type": "type", "userId": "user_id", "appId": "app_id", "headers": "headers",
}


def write(line):
    with lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, datetime.datetime):
        return int(v.timestamp())
    if isinstance(v, bytes):
        return v.decode(errors="replace")
    return v


def message(method, properties, body):
    props = {}
    for ours, theirs in PROPS.items():
        v = getattr(properties, theirs)
        if v is not None:
            props[ours] = plain(v)
    return {
        "body": base64.b64encode(body).decode(), "exchange": method.exchange, "key": method.routing_key, "props": props,
        "redelivered": getattr(method, "redelivered", False), "tag": getattr(method, "delivery_tag", 0),
    }


def code(e):
    return {"error": f"{type(e).__name__}: {e}", "code": getattr(e, "reply_code", 0)}


class Link:
    """One connection and the thread that it lives in."""

    def __init__(self, name):
        self.name = name
        self.requests = queue.Queue()
        self.channels = {}
        self.conn = None
        threading.Thread(target=self.run, daemon=True).start()

    def event(self, ch, kind, **more):
        line = {"c": self.name, "event": kind, **more}
        if ch:
            line["ch"] = ch
        write(line)

    def run(self):
        while True:
            try:
                wait = None if self.conn is None or self.conn.is_closed else 0
                try:
                    r = self.requests.get(timeout=wait) if wait is None else self.requests.get_nowait()
                except queue.Empty:
                    self.conn.process_data_events(time_limit=0.005)
                    continue
                self.answer(r)
            except pika.exceptions.AMQPError as e:
                self.event(None, "closed", code=getattr(e, "reply_code", 0), text=str(e))

    def answer(self, r):
        try:
            a = getattr(self, r["op"])(r) or {}
        except pika.exceptions.AMQPError as e:
            a = code(e)
            if self.conn is not None and self.conn.is_closed:
                self.event(None, "closed", code=getattr(e, "reply_code", 0), text=str(e))
        except Exception as e:  # whatever it is, the suite shall know
            a = code(e)
        write({"n": r["n"], **a})

    def connect(self, r):
        tls = None
        if r.get("ca"):
            context = ssl.create_default_context(cafile=r["ca"])
            if r.get("cert"):
                context.load_cert_chain(r["cert"], r["certKey"])
            tls = pika.SSLOptions(context, r["host"])
        who = pika.PlainCredentials(r["user"], r["password"]) if r["user"] else pika.credentials.ExternalCredentials()
        self.conn = pika.BlockingConnection(pika.ConnectionParameters(
            r["host"], r["port"], r["vhost"], who, heartbeat=30, ssl_options=tls))
        self.conn.add_on_connection_blocked_callback(lambda _, m: self.event(None, "blocked", text=m.method.reason))
        self.conn.add_on_connection_unblocked_callback(lambda _, m: self.event(None, "unblocked"))

    def updateSecret(self, r):
        self.conn.update_secret(r["secret"], "it is time")

    def close(self, r):
        self.conn.close()

    def channel(self, r):
        ch, name = self.conn.channel(), r["ch"]
        self.channels[name] = ch
        ch.add_on_cancel_callback(lambda m: self.event(name, "cancelled", consumer=m.method.consumer_tag))
        ch._impl.add_on_close_callback(lambda _, why: isinstance(why, pika.exceptions.ChannelClosedByBroker) and self.event(
            name, "closed", code=why.reply_code, text=why.reply_text))
        if r.get("confirm"):
            ch.confirm_delivery()

    def ch(self, r):
        return self.channels[r["ch"]]

    def closeChannel(self, r):
        self.ch(r).close()

    def exchange(self, r):
        self.ch(r).exchange_declare(
            r["name"], r["kind"], r.get("passive", False), r.get("durable", False), r.get("autoDelete", False),
            r.get("internal", False), r.get("args"))

    def deleteExchange(self, r):
        self.ch(r).exchange_delete(r["name"], r.get("ifUnused", False))

    def bindExchange(self, r):
        self.ch(r).exchange_bind(r["name"], r["source"], r["key"], r.get("args"))

    def queue(self, r):
        m = self.ch(r).queue_declare(
            r["name"], r.get("passive", False), r.get("durable", False), r.get("exclusive", False),
            r.get("autoDelete", False), r.get("args")).method
        return {"name": m.queue, "messages": m.message_count, "consumers": m.consumer_count}

    def deleteQueue(self, r):
        m = self.ch(r).queue_delete(r["name"], r.get("ifUnused", False), r.get("ifEmpty", False)).method
        return {"messages": m.message_count}

    def purge(self, r):
        return {"messages": self.ch(r).queue_purge(r["name"]).method.message_count}

    def bind(self, r):
        self.ch(r).queue_bind(r["name"], r["exchange"], r["key"], r.get("args"))

    def unbind(self, r):
        self.ch(r).queue_unbind(r["name"], r["exchange"], r["key"], r.get("args"))

    def publish(self, r):
        m = r["message"]
        props = pika.BasicProperties(**{PROPS[k]: v for k, v in m["props"].items()})
        try:
            self.ch(r).basic_publish(r["exchange"], r["key"], base64.b64decode(m.get("body") or ""), props, r.get("mandatory", False))
        except pika.exceptions.UnroutableError as e:
            for x in e.messages:
                self.event(r["ch"], "returned", code=x.method.reply_code, text=x.method.reply_text, message=message(x.method, x.properties, x.body))
        except pika.exceptions.NackError:
            return {"ack": False}
        return {"ack": True}

    def get(self, r):
        method, props, body = self.ch(r).basic_get(r["name"], r.get("noAck", False))
        if method is None:
            return {}
        return {"message": message(method, props, body), "messages": method.message_count}

    def consume(self, r):
        def deliver(_, method, props, body):
            self.event(r["ch"], "delivery", consumer=method.consumer_tag, message=message(method, props, body))
        self.ch(r).basic_consume(
            r["name"], deliver, r.get("noAck", False), r.get("exclusive", False), r["consumer"] or None, r.get("args"))

    def cancel(self, r):
        self.ch(r).basic_cancel(r["consumer"])

    def ack(self, r):
        self.ch(r).basic_ack(r["tag"], r.get("multiple", False))

    def nack(self, r):
        self.ch(r).basic_nack(r["tag"], r.get("multiple", False), r.get("requeue", False))

    def reject(self, r):
        self.ch(r).basic_reject(r["tag"], r.get("requeue", False))

    def qos(self, r):
        self.ch(r).basic_qos(0, r["count"], r.get("global", False))

    def recover(self, r):
        self.ch(r).basic_recover(r.get("requeue", False))

    def tx(self, r):
        self.ch(r).tx_select()

    def commit(self, r):
        self.ch(r).tx_commit()

    def rollback(self, r):
        self.ch(r).tx_rollback()


for text in sys.stdin:
    request = json.loads(text)
    if request["c"] not in links:
        links[request["c"]] = Link(request["c"])
    links[request["c"]].requests.put(request)
