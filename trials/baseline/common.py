"""What both have: connections that are kept, a token that is kept, Defender's word on when to ask again, and how an
answer looks."""

import json
import math
import os
import time

import requests

http = requests.Session()
token = {"text": "", "until": 0.0}
refused = {"until": 0.0}


def bearer():
    """The token, fetched again a minute before its end."""
    if time.time() > token["until"] - 60:
        answer = http.post(
            f"{os.environ['LOGIN_ENDPOINT']}/{os.environ['TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": os.environ["CLIENT_ID"],
                "client_secret": os.environ["CLIENT_SECRET"],
                "scope": "https://api.securitycenter.microsoft.com/.default",
            },
            timeout=5,
        )
        answer.raise_for_status()
        granted = answer.json()
        token.update(text=granted["access_token"], until=time.time() + int(granted["expires_in"]))
    return f"Bearer {token['text']}"


def call(path, body):
    """One call to Defender. After a 429 nothing may be asked for as long as it says, a minute if it does not."""
    sent = http.post(
        f"{os.environ['DEFENDER_ENDPOINT']}/api/machines/{path}",
        headers={"authorization": bearer()},
        json=body,
        timeout=15,
    )
    if sent.status_code == 429:
        refused["until"] = time.time() + int(sent.headers.get("retry-after", "60"))
    return sent


def seconds_refused():
    """Seconds until Defender may be asked again; 0 if it may be now."""
    return max(0, math.ceil(refused["until"] - time.time()))


def answer(status, body, **headers):
    return {"statusCode": status, "headers": {"content-type": "application/json", **headers}, "body": json.dumps(body)}
