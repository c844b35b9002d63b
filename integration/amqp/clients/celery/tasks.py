"""A Celery application on AMQP: `worker`, or `work`, which has the worker do things and prints what came of them.

The environment names the broker (AMQP_URL) and the queue.
"""

import json
import os
import signal
import sys
import threading

from celery import Celery, group

queue = os.environ["QUEUE"]
app = Celery("tasks", broker=os.environ["AMQP_URL"], backend="rpc://")
app.conf.update(
    task_default_queue=queue, task_acks_late=True, task_queue_max_priority=5, broker_connection_retry_on_startup=False,
    worker_redirect_stdouts=False, worker_prefetch_multiplier=4, control_exchange=queue + ".pidbox", event_exchange=queue + ".events",
)
if os.environ.get("QUORUM"):  # countdowns go through a ladder of 28 queues, the last for four years
    app.conf.update(
        task_default_queue_type="quorum", task_default_exchange=queue, task_default_exchange_type="topic",
        task_default_routing_key=queue, task_queue_max_priority=None,
    )


@app.task(name="add")
def add(x, y):
    return x + y


@app.task(name="stubborn", bind=True, max_retries=3)
def stubborn(self, words):
    if self.request.retries < 2:
        raise self.retry(countdown=1)  # whole seconds: less is none to the ladder
    return f"{words} after {self.request.retries} retries"


@app.task(name="fails")
def fails():
    raise ValueError("on purpose")


def work():
    many = group(add.s(i, i) for i in range(50)).apply_async()
    out = {
        "sums": many.get(timeout=30), "retried": stubborn.delay("größer").get(timeout=30),
        "later": add.apply_async((20, 1), countdown=1).get(timeout=30),
        "chain": (add.s(1, 2) | add.s(3)).apply_async(priority=3).get(timeout=30),
    }
    try:
        fails.delay().get(timeout=30)
    except ValueError as e:
        out["error"] = str(e)
    out["ping"] = len(app.control.ping(timeout=5, limit=1))  # it listens by now
    print(json.dumps(out))


def stop():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if sys.argv[1:] == ["work"]:
    work()
else:
    threading.Thread(target=stop, daemon=True).start()
    app.worker_main(["worker", "--pool=solo", "--loglevel=WARNING"])
