//! Seats that are being paid for, sold, or given back by an order that failed.

use stanchion_origin::inventory::{ExtendResult, LockResult, SeatCounts, UnlockResult};

use super::{LONG_MS, is_locked, loaded, lock_for, paying, read, seats};

#[tokio::test]
async fn a_checkout_extends_a_lock_once_and_nobody_unlocks_it_meanwhile() {
    let section = loaded(10).await;
    let wanted = seats([1, 2]);
    assert!(is_locked(&lock_for(&section, "one", &wanted, 2_000).await));
    let first = section.extend(paying("one", 1), 5_000, &wanted).await.unwrap();
    let ExtendResult::Extended(ends) = first else {
        panic!("{first:?}")
    };
    assert_eq!(
        section.unlock("one", &seats([1, 3])).await.unwrap(),
        UnlockResult::BeingPaid(seats([1]))
    );
    assert_eq!(section.unpin(paying("one", 1), &wanted).await.unwrap(), 2);
    assert_eq!(
        section.extend(paying("one", 2), 90_000, &wanted).await.unwrap(),
        ExtendResult::Extended(ends),
        "once only"
    );
    assert_eq!(
        section.extend(paying("two", 3), 90_000, &wanted).await.unwrap(),
        ExtendResult::Lost(wanted.clone())
    );
    assert_eq!(section.unpin(paying("one", 2), &wanted).await.unwrap(), 2);
    assert_eq!(section.unlock("one", &wanted).await.unwrap(), UnlockResult::Unlocked(2));
}

#[tokio::test]
async fn an_extension_never_shortens_a_lock() {
    let section = loaded(10).await;
    let LockResult::Locked { ends, .. } = lock_for(&section, "one", &seats([1]), LONG_MS).await else {
        panic!()
    };
    assert_eq!(
        section.extend(paying("one", 1), 1_000, &seats([1])).await.unwrap(),
        ExtendResult::Extended(ends)
    );
}

#[tokio::test]
async fn selling_and_freeing_may_be_repeated_and_touch_no_other_order() {
    let section = loaded(10).await;
    let wanted = seats([1, 2]);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    for newly_sold in [2, 0] {
        let sale = section.sell("order-1", &wanted).await.unwrap();
        assert_eq!((sale.newly_sold, sale.contradictions.len()), (newly_sold, 0));
    }
    let sale = section.sell("order-2", &wanted).await.unwrap();
    assert_eq!(sale.contradictions, wanted);
    assert_eq!(section.free("order-2", paying("one", 2), &wanted).await.unwrap(), 0);
    assert!(!is_locked(&lock_for(&section, "two", &seats([1]), LONG_MS).await));
    for freed in [2, 0] {
        assert_eq!(section.free("order-1", paying("one", 1), &wanted).await.unwrap(), freed);
    }
    assert_eq!(
        read(&section).await.counts,
        SeatCounts {
            capacity: 10,
            locked: 0,
            sold: 0
        }
    );
}

#[tokio::test]
async fn only_the_settling_of_the_order_that_is_paying_touches_its_seats() {
    let section = loaded(10).await;
    let wanted = seats([1, 2]);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    let (first, second) = (paying("one", 1), paying("one", 2));
    let pinned = async || section.unlock("one", &wanted).await.unwrap() == UnlockResult::BeingPaid(wanted.clone());
    section.extend(first, 1_000, &wanted).await.unwrap();
    // The first has ended; its cart is paid anew before anybody has told Redis.
    assert!(matches!(
        section.extend(second, 1_000, &wanted).await.unwrap(),
        ExtendResult::Extended(_)
    ));
    assert_eq!(section.unpin(first, &wanted).await.unwrap(), 0);
    assert_eq!(section.free("order-1", first, &wanted).await.unwrap(), 0);
    assert!(pinned().await, "the second is still paying");
    // Not even a first step of the first that comes late.
    assert_eq!(
        section.extend(first, 1_000, &wanted).await.unwrap(),
        ExtendResult::Overtaken
    );
    assert!(pinned().await, "the second is still paying");
    assert_eq!(section.unpin(second, &wanted).await.unwrap(), 2);
    assert!(!pinned().await);
}

#[tokio::test]
async fn freeing_an_order_again_does_not_touch_what_its_cart_has_locked_since() {
    let section = loaded(10).await;
    let wanted = seats([1]);
    let first = paying("one", 1);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    section.extend(first, 1_000, &wanted).await.unwrap();
    assert_eq!(section.free("order-1", first, &wanted).await.unwrap(), 1);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    assert_eq!(section.free("order-1", first, &wanted).await.unwrap(), 0);
    assert_eq!(section.unpin(first, &wanted).await.unwrap(), 0);
    assert_eq!(read(&section).await.counts.locked, 1);
}

#[tokio::test]
async fn the_end_of_a_later_order_ends_what_is_left_of_earlier_ones() {
    let section = loaded(10).await;
    let wanted = seats([1]);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    section.extend(paying("one", 1), 1_000, &wanted).await.unwrap();
    // The second never came to extend the locks.
    assert_eq!(section.unpin(paying("one", 2), &wanted).await.unwrap(), 1);
    assert_eq!(section.unlock("one", &wanted).await.unwrap(), UnlockResult::Unlocked(1));
}
