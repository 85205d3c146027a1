"""A plain relay, as a Lambda author would write it with boto3 and requests. `cargo trial side-by-side` measures it.

Nothing in it is slow on purpose: the clients are made once, the token is kept, connections are kept alive. It does what
one would do first: for each request one permit from a counter of fixed windows, and one call. When Defender says 429,
no call is made until Retry-After is over; the wait is handed to the caller, as an API's caller waits 29 s at most.
"""

import hmac
import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from common import answer, call, seconds_refused

CALLS = ((60, int(os.environ.get("CALLS_PER_MINUTE", "100"))), (3600, int(os.environ.get("CALLS_PER_HOUR", "1500"))))
ATTEMPTS = 3

table = boto3.client("dynamodb", config=Config(retries={"mode": "standard"}))


def seconds_to_wait():
    """Takes a permit from the counter of this minute and of this hour; 0, or the seconds until the window's end."""
    now = int(time.time())
    for length, limit in CALLS:
        window = now // length
        try:
            table.update_item(
                TableName=os.environ["TABLE_NAME"],
                Key={"pk": {"S": os.environ["TENANT_ID"]}, "sk": {"S": f"window#{length}#{window}"}},
                UpdateExpression="ADD calls :one SET expiresAt = :end",
                ConditionExpression="attribute_not_exists(calls) OR calls < :limit",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":limit": {"N": str(limit)},
                    ":end": {"N": str((window + 2) * length)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return (window + 1) * length - now
            raise
    return 0


def handler(event, _context):
    given = event["headers"].get("authorization", "")
    if not hmac.compare_digest(given, f"Bearer {os.environ['RELAY_KEY']}"):
        return answer(401, {"error": "not verified"})
    asked = json.loads(event["body"])
    wait = seconds_refused() or seconds_to_wait()
    if wait:
        return answer(503, {"error": "the budget is spent"}, **{"retry-after": str(wait)})
    for attempt in range(ATTEMPTS):
        wanted = {name: asked[name] for name in ("Value", "Action", "MachineIds")}
        sent = call("AddOrRemoveTagForMultipleMachines", wanted)
        if sent.status_code == 200:
            return answer(200, {"applied": [machine["id"] for machine in sent.json()["value"]]})
        if sent.status_code < 500:
            break
        time.sleep(0.5 * 2**attempt)
    wait = seconds_refused() or 60
    return answer(503, {"error": f"Defender answered {sent.status_code}"}, **{"retry-after": str(wait)})
