"""Checks one draw from public data alone: python3 check_draw.py EDGE EVENT DRAW [RECEIPT]. Needs the package `cryptography`."""
import base64, datetime, functools, hashlib, json, sys, urllib.request
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
edge, event, draw, receipt = sys.argv[1].rstrip("/"), sys.argv[2], int(sys.argv[3]), (sys.argv[4:] or [None])[0]
get = lambda path: urllib.request.urlopen(edge + path).read()
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
b64 = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
u = lambda size, *numbers: b"".join(number.to_bytes(size, "little") for number in numbers)
ms = lambda text: round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
unhex, of_event, of_draw = bytes.fromhex, f"/api/v1/events/{event}", f"/api/v1/events/{event}/draws/{draw}"
queue, r = json.loads(get(of_event + "/queue")), json.loads(get(of_draw))
keys = {k["kid"]: Ed25519PublicKey.from_public_bytes(b64(k["x"])) for k in json.loads(get("/.well-known/jwks.json"))["keys"]}
secret, entropy, beacon, lives = unhex(r["secret"]), unhex(r["entropy"] or ""), r["beacon"], r.get("lives", [])
raw = b"stanchion/record/v1\0" + u(1, len(event)) + event.encode() + u(4, draw)
raw += u(8, ms(r["opened_at"]), ms(r["closed_at"]), r["first_place"]) + unhex(r["commitment"] + r["secret"] + r["tickets_digest"])
raw += b"\1" + u(8, beacon["round"]) + u(2, 96) + beacon["signature"].encode() + b"\1" + entropy if beacon else b"\0\0"
for t in r["tiers"]:
    raw += u(1, t["tier"]) + u(8, t["first_place"], t["count"]) + u(2, len(t["shards"])) + b"".join(u(2, s) + u(4, n) for s, n in t["shards"])
raw += unhex(r["previous"]) + (u(4, len(lives)) if lives else b"") + b"".join(u(2, s) + u(4, one["epoch"], *one["from"]) for s, one in lives)
keys[r["kid"]].verify(b64(r["signature"]), raw)  # raises where the edge did not sign the record
assert functools.reduce(lambda value, _: sha(value), range(draw + 1), secret).hex() == r["commitment"] == queue["commitment"], "secret"
assert bool(beacon) == bool(queue["beacon"]) and (not beacon or entropy == sha(unhex(beacon["signature"]))), "beacon"
logs = [[log[i:i + 17] for i in range(0, len(log), 17)] for log in (get(f"{of_draw}/shards/{s}") for s in range(queue["shards"]))]
counts = [[sum(e[0] == tier for e in log) for tier in range(3)] for log in logs]
assert sha(*(functools.reduce(sha, log, bytes(32)) + u(4, *n) for log, n in zip(logs, counts))).hex() == r["tickets_digest"], "lists"
assert all(t["shards"] == [[s, n[t["tier"]]] for s, n in enumerate(counts) if n[t["tier"]]] and t["count"] == sum(n for _, n in t["shards"])
           and t["first_place"] == r["first_place"] + sum(one["count"] for one in r["tiers"][:t["tier"]]) for t in r["tiers"]), "counts"
def shuffled(index, count, seed):  # compute_shuffled_index of the Ethereum consensus specification
    for i in range(90):
        at = max(index, flip := (int.from_bytes(sha(seed, u(1, i))[:8], "little") % count + count - index) % count)
        index = flip if sha(seed, u(1, i), u(4, at // 256))[at % 256 // 8] >> at % 8 & 1 else index
    return index
print(f"draw {draw}: signature, secret and lists hold; {sum(map(len, logs))} tickets from place {r['first_place']} on")
header, claims, signature = receipt.split(".") if receipt else sys.exit()
keys[json.loads(b64(header))["kid"]].verify(b64(signature), f"{header}.{claims}".encode())
assert ((c := json.loads(b64(claims)))["event_id"], c["draw"]) == (event, draw), "the receipt is of another draw"
assert [e for e in logs[c["shard"]] if e[0] == c["tier"]][c["number"]][1:].hex() == c["tag"], "somebody else has this number"
seed = sha(b"stanchion/draw/v1\0", event.encode(), b"\0", u(4, draw), u(1, c["tier"]), secret, unhex(r["tickets_digest"]), entropy)
index = sum(n[c["tier"]] for n in counts[:c["shard"]]) + c["number"]
print(f"place {r['tiers'][c['tier']]['first_place'] + shuffled(index, r['tiers'][c['tier']]['count'], seed)}")
