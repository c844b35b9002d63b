"""Drives stomp.py by lines; integration/stomp/doc.go has the protocol."""

import base64
import json
import ssl
import sys
import threading

import stomp
from stomp.adapter.ws import WSStompConnection

PATIENCE = 30
lock = threading.Lock()
connections = {}


def write(line):
    with lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class Connection(stomp.ConnectionListener):
    def __init__(self, r):
        self.name, self.version = r["c"], r["version"]
        self.changed = threading.Condition()
        self.receipts = set()  # guarded by self.changed
        self.failure = None  # guarded by self.changed
        self.hello = None  # guarded by self.changed
        self.over = False  # guarded by self.changed
        self.messages = []
        self.last = 0
        kinds = {"1.0": stomp.StompConnection10, "1.1": stomp.StompConnection11, "1.2": stomp.StompConnection12}
        at = [(r["host"], r["port"])]
        self.tls = r["transport"] == "tls"
        options = {}
        if self.version != "1.0":
            options["heartbeats"] = (r.get("send", 0), r.get("receive", 0))
        if r["transport"] in ("ws", "wss"):
            self.conn = WSStompConnection(at, ws_path="/stomp", binary_mode=True, **options)
        else:
            self.conn = kinds[self.version](at, auto_decode=False, **options)
        if r["transport"] in ("tls", "wss"):
            self.conn.set_ssl(for_hosts=at, ca_certs=r["ca"], ssl_version=ssl.PROTOCOL_TLS_CLIENT)
        self.conn.set_listener("", self)

    def note(self, **what):
        with self.changed:
            for name, value in what.items():
                setattr(self, name, value)
            self.changed.notify_all()

    def wait(self, for_what, what):
        with self.changed:
            if not self.changed.wait_for(lambda: for_what() or self.failure or self.over, PATIENCE):
                raise TimeoutError("no " + what)
            if not for_what():
                raise ConnectionError(self.failure or "the connection is over")

    def on_connected(self, frame):
        self.note(hello=dict(frame.headers))

    def on_receipt(self, frame):
        with self.changed:
            self.receipts.add(frame.headers["receipt-id"])
            self.changed.notify_all()

    def on_error(self, frame):
        self.note(failure=frame.headers.get("message", "?"))

    def on_disconnected(self):
        self.note(over=True)
        line = {"c": self.name, "closed": True}
        if self.failure:
            line["failure"] = self.failure
        write(line)

    def on_message(self, frame):
        body = frame.body if isinstance(frame.body, bytes) else frame.body.encode()
        self.messages.append(dict(frame.headers))
        write({"c": self.name, "headers": dict(frame.headers), "body": base64.b64encode(body).decode(), "m": len(self.messages)})

    def receipt(self):
        self.last += 1
        return f"r{self.last}"

    def settled(self, receipt):
        self.wait(lambda: receipt in self.receipts, "receipt")

    def connect(self, r):
        self.conn.connect(r["user"], r["password"], wait=False, headers=r.get("headers"))
        self.wait(lambda: self.hello, "CONNECTED")
        return self.hello

    def subscribe(self, r):
        receipt = self.receipt()
        self.conn.subscribe(r["destination"], r["id"], r.get("ack") or "auto", dict(r.get("headers") or {}, receipt=receipt))
        self.settled(receipt)

    def unsubscribe(self, r):
        receipt = self.receipt()
        self.conn.unsubscribe(id=r["id"], headers=dict(r.get("headers") or {}, receipt=receipt))
        self.settled(receipt)

    def send(self, r):
        headers = dict(r.get("headers") or {})
        receipt = None
        if r.get("receipt"):
            receipt = headers["receipt"] = self.receipt()
        if r.get("transaction"):
            headers["transaction"] = r["transaction"]
        self.conn.send(r["destination"], base64.b64decode(r.get("body") or ""), headers=headers)
        if receipt:
            self.settled(receipt)

    def ack(self, r, nack=False):
        m = self.messages[r["m"] - 1]
        receipt = self.receipt()
        extra = {"transaction": r.get("transaction"), "receipt": receipt}
        do = self.conn.nack if nack else self.conn.ack
        if self.version == "1.0":
            do(m["message-id"], **extra)
        elif self.version == "1.1":
            do(m["message-id"], m["subscription"], **extra)
        else:
            do(m["ack"], **extra)
        self.settled(receipt)

    def nack(self, r):
        self.ack(r, True)

    def begin(self, r):
        self.conn.begin(r["transaction"])

    def commit(self, r):
        receipt = self.receipt()
        self.conn.commit(r["transaction"], receipt=receipt)
        self.settled(receipt)

    def abort(self, r):
        receipt = self.receipt()
        self.conn.abort(r["transaction"], receipt=receipt)
        self.settled(receipt)

    def disconnect(self, r):
        receipt = self.receipt()
        self.conn.disconnect(receipt=receipt)
        # At the receipt the library closes, and may say that first.
        self.wait(lambda: receipt in self.receipts or self.over, "receipt")

    def close(self, r):
        """Lets go of a connection: the library reads an ended TLS one for ever, with all of a core."""
        transport = self.conn.transport
        if not self.tls:
            return
        transport.running = False
        if transport.socket is not None:
            transport.socket.close()


def answer(r):
    line = {"n": r["n"]}
    try:
        if r["op"] == "connect":
            connections[r["c"]] = Connection(r)
        headers = getattr(connections[r["c"]], r["op"])(r)
        if headers:
            line["headers"] = headers
    except Exception as e:  # whatever the library raises is the answer
        line["error"] = f"{type(e).__name__}: {e}"
    write(line)


for text in sys.stdin:
    threading.Thread(target=answer, args=(json.loads(text),), daemon=True).start()
