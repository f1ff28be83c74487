//! The one door to PostgreSQL: conflicts are repeated, failures leave nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::TestOrigin;
use stanchion_origin::{
    admin::AdminError,
    database::{MAX_ATTEMPTS, run_tx},
    http::ErrorResponse,
};
use tokio::sync::Barrier;

async fn origin_with_counter() -> TestOrigin {
    let origin = TestOrigin::new().await;
    sqlx::query("create table counter (value integer not null)")
        .execute(&origin.app.database)
        .await
        .unwrap();
    sqlx::query("insert into counter values (0)")
        .execute(&origin.app.database)
        .await
        .unwrap();
    origin
}

async fn value(origin: &TestOrigin) -> i32 {
    sqlx::query_scalar("select value from counter")
        .fetch_one(&origin.app.database)
        .await
        .unwrap()
}

#[tokio::test]
async fn two_that_conflict_both_succeed_in_the_end() {
    let origin = origin_with_counter().await;
    let (both_have_read, attempts) = (Barrier::new(2), AtomicU32::new(0));
    let add_one = async || {
        let mut first = true;
        run_tx(&origin.app.database, "test.add_one", |mut tx| {
            let meet = std::mem::take(&mut first);
            let (both_have_read, attempts) = (&both_have_read, &attempts);
            Box::pin(async move {
                attempts.fetch_add(1, Ordering::Relaxed);
                sqlx::query("set transaction isolation level serializable")
                    .execute(&mut *tx)
                    .await?;
                let value: i32 = sqlx::query_scalar("select value from counter")
                    .fetch_one(&mut *tx)
                    .await?;
                if meet {
                    both_have_read.wait().await;
                }
                sqlx::query("update counter set value = $1")
                    .bind(value + 1)
                    .execute(&mut *tx)
                    .await?;
                Ok::<_, AdminError>(())
            })
        })
        .await
    };
    let (one, other) = tokio::join!(add_one(), add_one());
    assert!(one.is_ok() && other.is_ok());
    assert_eq!((value(&origin).await, attempts.into_inner()), (2, 3));
}

#[tokio::test]
async fn a_conflict_that_persists_is_reported_after_a_bounded_number_of_attempts() {
    let origin = origin_with_counter().await;
    let attempts = AtomicU32::new(0);
    let result = run_tx(&origin.app.database, "test.conflict", |mut tx| {
        let attempts = &attempts;
        Box::pin(async move {
            attempts.fetch_add(1, Ordering::Relaxed);
            sqlx::query("update counter set value = 7").execute(&mut *tx).await?;
            sqlx::query("do $$ begin raise exception 'conflict' using errcode = '40001'; end $$")
                .execute(&mut *tx)
                .await?;
            Ok::<_, AdminError>(())
        })
    })
    .await;
    let error = ErrorResponse::from(result.unwrap_err());
    assert_eq!(error.word(), "conflict_persists");
    assert_eq!((value(&origin).await, attempts.into_inner()), (0, MAX_ATTEMPTS));
}

#[tokio::test]
async fn any_other_error_is_not_repeated_and_leaves_nothing() {
    let origin = origin_with_counter().await;
    let attempts = AtomicU32::new(0);
    let result = run_tx(&origin.app.database, "test.refused", |mut tx| {
        let attempts = &attempts;
        Box::pin(async move {
            attempts.fetch_add(1, Ordering::Relaxed);
            sqlx::query("update counter set value = 7").execute(&mut *tx).await?;
            Err::<(), _>(AdminError::EventNotLaunched)
        })
    })
    .await;
    assert!(matches!(result, Err(AdminError::EventNotLaunched)));
    assert_eq!((value(&origin).await, attempts.into_inner()), (0, 1));
}

#[tokio::test]
async fn an_error_of_ours_shows_nothing_of_the_database() {
    let origin = origin_with_counter().await;
    let failed = sqlx::query("select nothing from counter")
        .execute(&origin.app.database)
        .await
        .unwrap_err();
    let error = ErrorResponse::from(failed);
    assert_eq!((error.status().as_u16(), error.word()), (500, "internal"));
    assert!(!error.message().contains("counter"));
}
