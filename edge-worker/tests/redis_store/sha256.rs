//! SHA-256 in Lua gives what the standard publishes.

use sha2::{Digest, Sha256};

use crate::{connection::connect, harness::stack_redis};

const SCRIPT: &str = concat!(
    include_str!("../../src/spin/store/scripts/sha256.lua"),
    "\nreturn sha256(ARGV[1])"
);

async fn in_lua(message: &[u8]) -> String {
    let client = redis::Client::open(stack_redis()).unwrap();
    let mut connection = connect(&client).await.unwrap();
    let mut command = redis::cmd("EVAL");
    command.arg(SCRIPT).arg(0).arg(message);
    hex::encode(command.query_async::<Vec<u8>>(&mut connection).await.unwrap())
}

#[tokio::test]
async fn the_published_examples_come_out() {
    // NIST's examples for FIPS 180-4 (one block, two blocks, three with the padding) and its vector of the empty message.
    let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".as_slice();
    for (message, digest) in [
        (
            b"abc".as_slice(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            two_blocks,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
        ),
    ] {
        assert_eq!(in_lua(message).await, digest);
    }
}

#[tokio::test]
async fn every_length_around_a_block_is_padded_right() {
    for length in 0..=130 {
        let message: Vec<u8> = (0..length).map(|byte| (byte * 37 + 11) as u8).collect();
        assert_eq!(
            in_lua(&message).await,
            hex::encode(Sha256::digest(&message)),
            "{length}"
        );
    }
}
