// quicknet, the public randomness network whose parameters the pages know. The site itself might
// run any other one.

const QUICKNET = {
  chain_hash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  public_key: '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  genesis: 1692803367,
  period: 3,
  scheme: 'bls-unchained-g1-rfc9380',
};

/** Whether an announced beacon is quicknet. @param beacon null if none is announced */
export function isQuicknet(beacon) {
  return Object.entries(QUICKNET).every(([field, value]) => beacon?.[field] === value);
}
