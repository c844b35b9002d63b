"""Drives paho-mqtt by lines; integration/mqtt/line/doc.go has the protocol."""

import base64
import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PATIENCE = 30
lock = threading.Lock()
connections = {}


def write(line):
    with lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def properties(kind, props):
    """The library's Properties of a message's props."""
    to = Properties(kind)
    for pair in props.get("user", []):
        to.UserProperty = tuple(pair)
    if "type" in props:
        to.ContentType = props["type"]
    if props.get("text"):
        to.PayloadFormatIndicator = 1
    if "response" in props:
        to.ResponseTopic = props["response"]
    if "correlation" in props:
        to.CorrelationData = base64.b64decode(props["correlation"])
    if "expiry" in props:
        to.MessageExpiryInterval = props["expiry"]
    if "alias" in props:
        to.TopicAlias = props["alias"]
    if "delay" in props:
        to.WillDelayInterval = props["delay"]
    return to


def received(message):
    to = {
        "topic": message.topic,
        "payload": base64.b64encode(message.payload).decode(),
        "qos": message.qos,
        "retain": bool(message.retain),
    }
    p = message.properties
    if p is None:
        return to
    to["props"] = {
        "user": [list(pair) for pair in getattr(p, "UserProperty", [])],
        "type": getattr(p, "ContentType", ""),
        "text": getattr(p, "PayloadFormatIndicator", 0) == 1,
        "response": getattr(p, "ResponseTopic", ""),
        "correlation": base64.b64encode(getattr(p, "CorrelationData", b"")).decode(),
        "expiry": getattr(p, "MessageExpiryInterval", 0),
        "subids": getattr(p, "SubscriptionIdentifier", []),
    }
    return to


class Connection:
    def __init__(self, r):
        self.five = r["version"] == 5
        self.acked = threading.Condition()
        self.done = set()  # message ids of SUBACKs; guarded by self.acked
        self.up = threading.Event()
        self.refused = None
        options = {} if self.five else {"clean_session": r.get("clean", False)}
        c = self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, r.get("id", ""), protocol=r["version"],
            reconnect_on_failure=r.get("reconnect", False),
            transport="websockets" if "ws" in r.get("transport", "") else "tcp", **options)
        if "ws" in r.get("transport", ""):
            c.ws_set_options(path="/mqtt")
        if "ca" in r:
            c.tls_set(ca_certs=r["ca"])
        c.username_pw_set(r.get("user"), r.get("password"))
        c.reconnect_delay_set(0.05, 0.05)
        c.max_inflight_messages_set(1000)
        c.on_connect = self.on_connect
        c.on_subscribe = self.on_subscribe
        c.on_message = lambda _, __, m: write({"c": r["c"], "message": received(m)})
        if will := r.get("will"):
            c.will_set(will["topic"], base64.b64decode(will["payload"]), will["qos"], will.get("retain", False),
                       properties(PacketTypes.WILLMESSAGE, will["props"]) if "props" in will else None)

    def on_connect(self, client, userdata, flags, code, props):
        self.refused = code if code.is_failure else None
        self.up.set()

    def on_subscribe(self, client, userdata, mid, codes, props):
        with self.acked:
            self.done.add(mid)
            self.acked.notify_all()

    def connect(self, r):
        how = {}
        if self.five:
            how["clean_start"] = mqtt.MQTT_CLEAN_START_FIRST_ONLY if r.get("clean") else False
            how["properties"] = p = Properties(PacketTypes.CONNECT)
            if "expiry" in r:
                p.SessionExpiryInterval = r["expiry"]
            if "receive" in r:
                p.ReceiveMaximum = r["receive"]
        self.client.connect(r["host"], r["port"], 30, **how)
        self.client.loop_start()
        if not self.up.wait(PATIENCE):
            raise TimeoutError("no CONNACK")
        if self.refused:
            self.client.loop_stop()
            raise ConnectionError(str(self.refused))

    def subscribe(self, r):
        if self.five:
            p = None
            if "subid" in r:
                p = Properties(PacketTypes.SUBSCRIBE)
                p.SubscriptionIdentifier = r["subid"]
            code, mid = self.client.subscribe([(f["filter"], SubscribeOptions(
                f["qos"], f.get("nolocal", False), f.get("asis", False), f.get("handling", 0))) for f in r["filters"]],
                properties=p)
        else:
            code, mid = self.client.subscribe([(f["filter"], f["qos"]) for f in r["filters"]])
        if code != mqtt.MQTT_ERR_SUCCESS:
            raise ConnectionError(mqtt.error_string(code))
        with self.acked:
            if not self.acked.wait_for(lambda: mid in self.done, PATIENCE):
                raise TimeoutError("no SUBACK")

    def publish(self, r):
        m = r["message"]
        info = self.client.publish(
            m["topic"], base64.b64decode(m["payload"] or ""), m["qos"], m.get("retain", False),
            properties(PacketTypes.PUBLISH, m["props"]) if "props" in m else None)
        info.wait_for_publish(PATIENCE)
        if not info.is_published():
            raise TimeoutError("no acknowledgement")

    def burst(self, r):
        m = r["message"]
        for info in [self.client.publish(m["topic"], str(i), m["qos"]) for i in range(r["count"])]:
            if info.rc == mqtt.MQTT_ERR_NO_CONN:  # kept, and sent once it is connected again
                info.rc = mqtt.MQTT_ERR_SUCCESS
            info.wait_for_publish(PATIENCE)
            if not info.is_published():
                raise TimeoutError("no acknowledgement")

    def disconnect(self, r):
        p = None
        if "expiry" in r:
            p = Properties(PacketTypes.DISCONNECT)
            p.SessionExpiryInterval = r["expiry"]
        if self.five:
            self.client.disconnect(properties=p)
        else:
            self.client.disconnect()
        self.client.loop_stop()


def do(r):
    try:
        if r["op"] == "connect":
            connections[r["c"]] = Connection(r)
        getattr(connections[r["c"]], r["op"])(r)
        write({"n": r["n"]})
    except Exception as e:  # whatever it is, the suite shall know
        write({"n": r["n"], "error": f"{type(e).__name__}: {e}"})


for text in sys.stdin:
    threading.Thread(target=do, args=(json.loads(text),), daemon=True).start()
