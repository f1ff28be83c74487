"""Checks one draw from public data alone: python3 check_draw.py EDGE EVENT DRAW [RECEIPT]. Needs the package `cryptography`."""
import base64, datetime, functools, hashlib, json, sys, urllib.request
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
edge, event, draw, receipt = sys.argv[1].rstrip("/"), sys.argv[2], int(sys.argv[3]), (sys.argv[4:] or [None])[0]
get, unhex, hold = lambda path: urllib.request.urlopen(f"{edge}{path}").read(), bytes.fromhex, lambda fact, what: fact or sys.exit(f"FAILS: {what}")
sha, b64 = lambda *parts: hashlib.sha256(b"".join(parts)).digest(), lambda text: base64.urlsafe_b64decode(text + "==")
u = lambda size, *numbers: b"".join(number.to_bytes(size, "little") for number in numbers)
ms = lambda text: round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
queue, r, listed = (json.loads(get(f"/api/v1/events/{event}/{what}")) for what in ("queue", f"draws/{draw}", f"draws?page={draw // 4096}"))
keys = {k["kid"]: Ed25519PublicKey.from_public_bytes(b64(k["x"])) for k in json.loads(get("/.well-known/jwks.json"))["keys"]}
name, secret, entropy = u(1, len(event)) + event.encode(), unhex(r["secret"]), sha(unhex(beacon["signature"])) if (beacon := r["beacon"]) else b""
chain, epochs, opened, closed, on_sale, window = queue["beacon"], r.get("lives", []), ms(r["opened_at"]), ms(r["closed_at"]), ms(queue["on_sale_time"]), queue["draw_window_ms"]
network = b"\1" + unhex(chain["chain_hash"] + chain["public_key"]) + u(8, chain["genesis"], chain["period"]) + chain["scheme"].encode() if chain else b"\0"
told = b"stanchion/announced/v1\0" + name + unhex(queue["commitment"]) + u(2, queue["shards"]) + u(8, on_sale, window) + network
raw = b"stanchion/record/v1\0" + name + u(4, draw) + u(8, opened, closed, r["first_place"]) + unhex(r["commitment"] + r["secret"] + r["tickets_digest"])
raw += b"\1" + u(8, beacon["round"]) + u(2, 96) + beacon["signature"].encode() + b"\1" + entropy if beacon else b"\0\0"
raw += b"".join(u(1, t["tier"]) + u(8, t["first_place"], t["count"]) + u(2, len(t["shards"])) + b"".join(u(2, s) + u(4, n) for s, n in t["shards"]) for t in r["tiers"])
missing, carried, pinned = r.get("missing", []), r.get("carried", []), ms(r["pinned_at"]) if "pinned_at" in r else None
second = r.get("second_line")  # that of suspects; records of earlier versions have none
silent = u(2, len(missing), *missing) + u(4, len(carried)) + b"".join(u(2, one["shard"]) + u(4, one["from"], *one["first"], *one["counts"]) for one in carried)
silent = silent + (b"\1" + u(8, pinned) if pinned else b"\0") if missing or carried or second else b""
raw += unhex(r["previous"]) + (u(4, len(epochs)) if epochs or silent else b"") + b"".join(u(2, s) + u(4, one["epoch"], *one["from"]) for s, one in epochs) + silent
raw += u(8, second["before"], second["moved_up"]) if second else b""
keys[r["kid"]].verify(b64(r["signature"]), raw)  # raises where the edge did not sign the record, with this entropy
hold(functools.reduce(lambda value, _: sha(value), range(draw + 1), secret).hex() == r["commitment"] == queue["commitment"], "secret")
hold(draw in listed["draws"], "list of draws") and hold(closed == on_sale + draw * window and (opened == closed - window if draw else opened <= closed), "times")
round_of = lambda at: 1 - min(0, chain["genesis"] * 1000 - at - 3000) // chain["period"] // 1000
late = chain and pinned and missing and pinned + 500 > (chain["genesis"] + (round_of(closed) - 1) * chain["period"]) * 1000  # too late for its own round
hold((beacon and beacon["round"]) == (chain and round_of(pinned if late else closed)) and bool(late) == bool(pinned), "round")
log_of = lambda k, s: [log[i:i + 17] for log in [get(f"/api/v1/events/{event}/draws/{k}/shards/{s}")] for i in range(0, len(log), 17)]
logs = [log_of(draw, s) for s in range(queue["shards"])]
counts = [[sum(e[0] == tier for e in log) for tier in range(3)] for log in logs]
hold(sha(*(functools.reduce(sha, log, bytes(32)) + u(4, *n) for log, n in zip(logs, counts))).hex() == r["tickets_digest"], "lists")
hold([t["tier"] for t in r["tiers"]] == [0, 1, 2] and all(t["shards"] == [[s, n[t["tier"]]] for s, n in enumerate(counts) if n[t["tier"]]]
     and t["count"] == sum(n for _, n in t["shards"]) and t["first_place"] == (second["before"] + 1 if second and t["tier"] == 2 else r["first_place"] + sum(one["count"] for one in r["tiers"][:t["tier"]]))
     for t in r["tiers"]) and (not second or second["moved_up"] <= second["before"]), "counts")
print(f"draw {draw}: signature, secret, times and lists hold; {sum(map(len, logs))} tickets from place {r['first_place']} on; beacon:",
      "none" if not chain else "quicknet" if sha(network).hex() == "69763cb83b5e2de1e92b6e92cdc3f1f956dd63e3b982409f46703750207a17d6" else "a chain that this program does not know")
header, claims, signature = receipt.split(".") if receipt else sys.exit()
keys[json.loads(b64(header))["kid"]].verify(b64(signature), f"{header}.{claims}".encode())
hold(((c := json.loads(b64(claims)))["event_id"], c["announced"]) == (event, sha(told).hex()), "of another event or announcement")
hold((c["draw"] != draw and (c["shard"], c["draw"]) in [(one["shard"], one["from"]) for one in carried]) or c["draw"] == draw, "of another draw")
number, log = c["number"], logs[c["shard"]]
for one in [one for one in carried if (one["shard"], one["from"]) == (c["shard"], c["draw"])]:  # the list was silent when the receipt's draw was closed
    entered, start = log_of(c["draw"], c["shard"]), sum(one["first"])
    hold(number >= (before := sum(e[0] == c["tier"] for e in entered)), "in its own draw")
    number, log = one["first"][c["tier"]] + number - before, entered + log[start:start + sum(one["counts"])]
at = [n for n, e in enumerate(log, 1) if e[0] == c["tier"]][c["number"]:][:1]
hold(at, "not in the list: look at the draws after it for one that carries it" if c["shard"] in missing else "not in the list")
up_to = log[:at[0]]  # this ticket and all before it
hold((up_to[-1][1:].hex(), functools.reduce(sha, up_to, bytes(32)).hex()) == (c["tag"], c["digest"]), "not the list that the receipt was given for")
seed = sha(b"stanchion/draw/v1\0", event.encode(), b"\0", u(4, draw), u(1, c["tier"]), secret, unhex(r["tickets_digest"]), entropy)
t, index = r["tiers"][c["tier"]], sum(n[c["tier"]] for n in counts[:c["shard"]]) + number
for i in range(90):  # compute_shuffled_index of the Ethereum consensus specification
    at = max(index, flip := (int.from_bytes(sha(seed, u(1, i))[:8], "little") % t["count"] + t["count"] - index) % t["count"])
    index = flip if sha(seed, u(1, i), u(4, at // 256))[at % 256 // 8] >> at % 8 & 1 else index
print(f"place {t['first_place'] + index}{' of the second line' if second and c['tier'] == 2 else ''}")
