//! A Redis of its own that is killed and started again.

use std::time::Duration;

use stanchion_origin::{
    inventory::{ExtendResult, Inventory, InventoryError, SeatCounts},
    redis_connections::reconnecting,
};
use stanchion_shared::ids::EventId;

use super::{LONG_MS, is_unloaded, lock_for, paying, read, seats};
use crate::harness::{self, event_id};

/// A Redis of one test, with its append-only file on disk: it can be killed and started again.
struct PrivateRedis {
    folder: std::path::PathBuf,
    port: u16,
    server: std::process::Child,
}

impl PrivateRedis {
    fn spawn(folder: &std::path::Path, port: u16) -> std::process::Child {
        let port = port.to_string();
        // The kernel ends it with this test, even if that is killed.
        std::process::Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "redis-server"])
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--dir",
            ])
            .arg(folder)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("redis-server is installed")
    }

    async fn start() -> PrivateRedis {
        let folder = std::env::temp_dir().join(format!("stanchion-redis-{}", event_id()));
        std::fs::create_dir(&folder).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = PrivateRedis::spawn(&folder, port);
        let redis = PrivateRedis { folder, port, server };
        redis.is_up().await;
        redis
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    async fn is_up(&self) {
        harness::eventually("the private Redis answers", async || {
            let Ok(mut connection) = reconnecting::connect(&self.url()).await else {
                return false;
            };
            redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
        })
        .await;
    }

    /// No warning, no clean-up; then the same files again.
    async fn crash(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.server = PrivateRedis::spawn(&self.folder, self.port);
        self.is_up().await;
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn after_a_crash_of_redis_nothing_it_remembers_is_believed_until_the_section_is_rebuilt() {
    let mut server = PrivateRedis::start().await;
    let inventory = Inventory::new(&server.url()).unwrap();
    let section = inventory.bare_section(&EventId::parse(&event_id()).unwrap(), "A");
    assert!(section.load(10, &[]).await.unwrap());
    let wanted = seats([1]);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await; // the append-only file is on disk now
    server.crash().await;
    // Every connection, also those that were open before, leads to the new process and knows it.
    for _ in 0..8 {
        let counts = loop {
            match section.counts().await {
                Err(InventoryError::Redis(_)) => {}
                counts => break counts,
            }
        };
        assert!(is_unloaded(counts));
    }
    assert!(
        section
            .load(10, &[("A-1-2".to_owned(), "order".to_owned())])
            .await
            .unwrap()
    );
    assert_eq!(
        read(&section).await.counts,
        SeatCounts {
            capacity: 10,
            locked: 0,
            sold: 1
        }
    );
    assert_eq!(
        section.extend(paying("one", 1), 1, &wanted).await.unwrap(),
        ExtendResult::Lost(wanted)
    );
}
