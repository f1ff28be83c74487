"""A protected site that checks the shop token itself, with PyJWT (pip install 'pyjwt[crypto]').

    STANCHION_EDGE_URL=https://tickets.example.com/.stanchion STANCHION_SHOP_ISSUER=... STANCHION_EVENT=my-show \
    PORT=8000 python3 site.py

`/verify` answers 204 or 401 to nginx's auth_request (see nginx.conf beside this file).
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

EDGE, ISSUER, EVENT = (os.environ[f"STANCHION_{name}"] for name in ("EDGE_URL", "SHOP_ISSUER", "EVENT"))
KEYS = jwt.PyJWKClient(f"{EDGE}/.well-known/jwks.json")


def session(token):
    """The claims of a shop token for this event. Raises for any other token."""
    key = KEYS.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key.key, algorithms=["EdDSA"], issuer=ISSUER, audience="stanchion-origin",
                        options={"require": ["exp", "iat", "sub", "jti"]})
    if jwt.get_unverified_header(token).get("typ") != "shop+jwt" or claims.get("event") != EVENT:
        raise jwt.InvalidTokenError("the token opens another event")
    return claims


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith(("/tickets", "/verify")):
            return self.say(200, "Everybody may see this.")
        try:
            claims = session(self.headers.get("Shop-Token", ""))
        except jwt.PyJWTError as error:
            return self.say(401 if self.path == "/verify" else 403, f"Come by the queue: {error}.")
        came = f"yours was place {claims['place']}" if "place" in claims else "you came in at once"
        self.say(204 if self.path == "/verify" else 200, f"Welcome, {claims['sub']}: {came}.")

    def say(self, status, sentence):
        body = b"" if status == 204 else f"{sentence}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Site).serve_forever()
