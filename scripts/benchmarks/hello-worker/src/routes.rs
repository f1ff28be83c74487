//! Where a request enters.

use worker::{Context, Env, Request, Response, Result, event};

/// One object for everybody, as an event with one shard has.
const OBJECT: &str = "one";

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    match request.path().as_str() {
        "/" => Response::ok("Hello, World!"),
        path @ ("/insert" | "/count") => {
            // Read and not looked at.
            request.bytes().await?;
            let object = env.durable_object("INSERT_PER_REQUEST")?.get_by_name(OBJECT)?;
            object.fetch_with_str(&format!("https://object{path}")).await
        }
        _ => Response::error("There is nothing at this path.", 404),
    }
}
