"""The way of today's SOAR connectors: one call a machine, no limit that is shared, a retry, and then it gives up.
`cargo trial side-by-side` measures it.

Real connectors wait longer before they try again, for a minute and more, and block their playbook meanwhile. Here the
wait is short, so that the run ends.
"""

import json
import os
import time

from common import answer, bearer, http

ATTEMPTS = 2
WAIT_S = 0.05


def tag(machine, asked):
    for attempt in range(ATTEMPTS):
        sent = http.post(
            f"{os.environ['DEFENDER_ENDPOINT']}/api/machines/{machine}/tags",
            headers={"authorization": bearer()},
            json={"Value": asked["Value"], "Action": asked["Action"]},
            timeout=15,
        )
        if sent.status_code == 200:
            return True
        if attempt + 1 < ATTEMPTS:
            time.sleep(WAIT_S)
    return False


def handler(event, _context):
    asked = json.loads(event["body"])
    applied = [machine for machine in asked["MachineIds"] if tag(machine, asked)]
    if len(applied) < len(asked["MachineIds"]):
        return answer(502, {"applied": applied})
    return answer(200, {"applied": applied})
