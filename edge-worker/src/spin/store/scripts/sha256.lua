-- SHA-256 (FIPS 180-4), for the digest over a shard's tickets: it must grow in the same step that gives the number.
-- sha256(message): the 32 bytes, for messages up to 2^29 bytes. The tests hold it to the published vectors.
local band, bnot, bxor, rrotate, rshift, tobit = bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit

local K = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

local function padded(message)
  local zeros = (55 - #message) % 64
  return message .. '\128' .. string.rep('\0', zeros) .. struct.pack('>I4I4', 0, #message * 8)
end

local function compress(hash, block, at)
  local w = { struct.unpack('>I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4', block, at) }
  for i = 17, 64 do
    local a, b = w[i - 15], w[i - 2]
    local s0 = bxor(rrotate(a, 7), rrotate(a, 18), rshift(a, 3))
    local s1 = bxor(rrotate(b, 17), rrotate(b, 19), rshift(b, 10))
    w[i] = tobit(w[i - 16] + s0 + w[i - 7] + s1)
  end
  local a, b, c, d, e, f, g, h = unpack(hash)
  for i = 1, 64 do
    local s1 = bxor(rrotate(e, 6), rrotate(e, 11), rrotate(e, 25))
    local ch = bxor(band(e, f), band(bnot(e), g))
    local t1 = h + s1 + ch + K[i] + w[i]
    local s0 = bxor(rrotate(a, 2), rrotate(a, 13), rrotate(a, 22))
    local maj = bxor(band(a, b), band(a, c), band(b, c))
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + s0 + maj)
  end
  for i, word in ipairs({ a, b, c, d, e, f, g, h }) do
    hash[i] = tobit(hash[i] + word)
  end
end

local function sha256(message)
  local hash = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  }
  local bytes = padded(message)
  for at = 1, #bytes, 64 do
    compress(hash, bytes, at)
  end
  local digest = {}
  for i, word in ipairs(hash) do
    digest[i] = struct.pack('>I4', word % 0x100000000)
  end
  return table.concat(digest)
end
