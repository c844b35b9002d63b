"""A Celery worker whose task writes a JSON line of what it was called with.

With arguments, they are sent to that task instead. The environment names broker and queue.
"""

import json
import os
import signal
import sys
import threading
from urllib.parse import urlsplit

from celery import Celery

endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
app = Celery("hello", broker=f"sqs://any:any@{endpoint.netloc}")
app.conf.update(
    broker_transport_options={"region": os.environ["AWS_REGION"], "is_secure": False, "wait_time_seconds": 10},
    task_default_queue=os.environ["QUEUE"],
    task_acks_late=True,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
)


@app.task(name="hello", bind=True, max_retries=1)
def hello(self, words):
    print(json.dumps({"words": words, "retries": self.request.retries}), flush=True)
    if words == "again" and self.request.retries == 0:
        raise self.retry(countdown=1)


def stop():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if sys.argv[1:]:
    for words in sys.argv[1:]:
        hello.delay(words)
else:
    threading.Thread(target=stop, daemon=True).start()
    app.worker_main(["worker", "--pool=solo", "--loglevel=WARNING", "--without-gossip", "--without-mingle"])
