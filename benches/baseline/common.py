"""What both relays have: connections that are kept, a token that is kept, and how an answer looks."""

import json
import os
import time

import requests

http = requests.Session()
token = {"text": "", "until": 0.0}


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


def answer(status, body, **headers):
    return {"statusCode": status, "headers": {"content-type": "application/json", **headers}, "body": json.dumps(body)}
