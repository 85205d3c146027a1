"""The way of today's SOAR connectors: one call a machine, no limit that is shared, a retry, and then it gives up.
`cargo trial side-by-side` measures it.

Real connectors block their playbook until Retry-After is over, for up to a minute. Here a wait of a few seconds is
waited for, and a longer one is handed to the caller: the run would not end otherwise. No call is made meanwhile.
"""

import json
import time

from common import answer, call, seconds_refused

ATTEMPTS = 2
WAIT_S = 0.05
WAIT_MAX_S = 5


def tag(machine, asked):
    for attempt in range(ATTEMPTS):
        if seconds_refused() > WAIT_MAX_S:
            return False
        time.sleep(seconds_refused())
        sent = call(f"{machine}/tags", {"Value": asked["Value"], "Action": asked["Action"]})
        if sent.status_code == 200:
            return True
        if attempt + 1 < ATTEMPTS:
            time.sleep(WAIT_S)
    return False


def handler(event, _context):
    asked = json.loads(event["body"])
    applied = [machine for machine in asked["MachineIds"] if tag(machine, asked)]
    if len(applied) < len(asked["MachineIds"]):
        return answer(502, {"applied": applied}, **{"retry-after": str(seconds_refused() or 60)})
    return answer(200, {"applied": applied})
