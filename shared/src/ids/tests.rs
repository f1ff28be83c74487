use super::*;

#[test]
fn an_event_id_has_both_its_limits() {
    assert!(EventId::parse(&"a".repeat(64)).is_ok());
    assert!(EventId::parse(&"a".repeat(65)).is_err());
    for text in ["", "-a", "A", "a b", "é", "a/b", "a_b"] {
        assert!(EventId::parse(text).is_err(), "{text}");
    }
}

#[test]
fn shards_are_a_power_of_two_up_to_1024() {
    for count in [1, 2, 64, 1024] {
        assert_eq!(ShardCount::new(count).map(ShardCount::get), Ok(count));
    }
    for count in [0, 3, 1023, 2048] {
        assert!(ShardCount::new(count).is_err(), "{count}");
    }
}

#[test]
fn a_shard_is_the_first_bits_of_the_tag() {
    let mut tag = Tag([0xff; 16]);
    assert_eq!(tag.shard(ShardCount::new(1).unwrap()), Shard(0));
    assert_eq!(tag.shard(ShardCount::new(1024).unwrap()), Shard(1023));
    tag.0[0] = 0b1000_0000;
    assert_eq!(tag.shard(ShardCount::new(2).unwrap()), Shard(1));
    assert_eq!(tag.shard(ShardCount::new(64).unwrap()), Shard(32));
}

#[test]
fn issuer_and_subject_cannot_run_into_each_other() {
    let key = EventKey(Bytes32([7; 32]));
    assert_ne!(Tag::of(&key, "ab", "c"), Tag::of(&key, "a", "bc"));
    assert_eq!(Tag::of(&key, "ab", "c"), Tag::of(&key, "ab", "c"));
}
