//! A database of its own for each test, which goes when the test ends, however it ends.

use std::cell::RefCell;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// Exists until it is dropped, and until the thread that dropped it has ended: a test's thread ends when the test's runtime
/// has. While a runtime lives, a connection of it may be half open, and PostgreSQL waits a minute for such a one before it
/// drops any database.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    server: String,
    name: String,
}

impl TestDatabase {
    /// On the server that `server` leads to.
    pub(crate) async fn create(server: &str) -> TestDatabase {
        let name = format!("test_{}", Uuid::new_v4().simple());
        execute(server, &format!("create database {name}"))
            .await
            .expect("the test's user may create databases");
        let mut url = url::Url::parse(server).expect("a URL");
        url.set_path(&name);
        TestDatabase {
            url: url.to_string(),
            server: server.to_owned(),
            name,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let leftover = Leftover {
            server: std::mem::take(&mut self.server),
            name: std::mem::take(&mut self.name),
        };
        LEFTOVERS.with_borrow_mut(|leftovers| leftovers.push(leftover));
    }
}

thread_local! {
    static LEFTOVERS: RefCell<Vec<Leftover>> = const { RefCell::new(Vec::new()) };
}

/// A database that nobody needs any more; it goes with this.
struct Leftover {
    server: String,
    name: String,
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let server = std::mem::take(&mut self.server);
        let drop_it = format!("drop database if exists {} with (force)", self.name);
        // A thread of its own: what a runtime keeps per thread may be gone already in this one.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server, &drop_it))
        });
        // A panic here would end the whole process, and hide the test's own.
        match dropping.join() {
            Ok(Ok(())) => {}
            failed => eprintln!("the database {} is left behind: {failed:?}", self.name),
        }
    }
}

/// The names in the statements are hexadecimal and made here: there is nothing to inject.
async fn execute(server: &str, statement: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
