//! A Durable Object that inserts one row per request and then answers: the plain way, without a thought about commits.

use worker::{DurableObject, Env, Request, Response, Result, SqlStorage, SqlStorageValue, State, durable_object};

/// See the module.
#[durable_object]
pub struct InsertPerRequest {
    sql: SqlStorage,
}

impl DurableObject for InsertPerRequest {
    fn new(state: State, _env: Env) -> Self {
        let sql = state.storage().sql();
        sql.exec(
            "CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, tag TEXT NOT NULL)",
            None,
        )
        .expect("the statement is right");
        InsertPerRequest { sql }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        if request.path() == "/count" {
            let cursor = self.sql.exec("SELECT count(*) FROM people", None)?;
            let row = cursor.raw().next().transpose()?.unwrap_or_default();
            return match row.first() {
                Some(SqlStorageValue::Integer(count)) => Response::ok(count.to_string()),
                _ => Response::error("The count is not a number.", 500),
            };
        }
        // As many bytes as a tag has in hex.
        self.sql.exec(
            "INSERT INTO people (tag) VALUES (?)",
            vec!["00112233445566778899aabbccddeeff".into()],
        )?;
        Response::ok("inserted")
    }
}
